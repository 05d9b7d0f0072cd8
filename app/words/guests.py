"""What guests read when something is not for them, or no more for today."""

GUEST_ERRORS = {
    "guest": "This is not for guests.",
    "guests": "Too many new guests came from where you are. Try again in {seconds} s.",
    "guest_sessions": "Guests have at most {most} sessions. Delete one first.",
    "guest_prompts": "Guests may send {most} prompts a day.",
    "guest_prompt_too_long": "A guest's prompt has at most {most}, with all that is attached.",
    "guest_place": "The guests where you are have used up what they may today: {most}.",
    "guest_turn": "Guests have one turn at a time, and one runs in another session. Wait for it, or stop it.",
    "guest_session_full": "So much has happened in this session that it takes no more. Begin a new one.",
}
OF_GUESTS = "Sign in to go on."
"""What mends it, where people can sign in."""
