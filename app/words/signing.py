"""What people read when they sign in and out; `app.words` has the rest."""

SIGN_IN = "Sign in"
SIGN_OUT = "Sign out"
SIGN_IN_AT = "Sign in with {issuer}"
WELCOME_BACK = "Sign in to go on."
GO_ON_AS_GUEST = "Go on as a guest"

LOGIN_ERRORS = {
    "login_state": "This sign-in was not begun in this browser, or it took too long. Begin it again.",
    "login_denied": "You were not signed in, as you asked for. Nothing was changed.",
    "login_refused": "The sign-in was refused there. Begin it again; if that does not help, tell the "
    "administrator.",
    "login_answer": "What came back from the sign-in could not be believed, so you were not let in. Begin it "
    "again; if that does not help, tell the administrator.",
    "login_unreachable": "The server where people sign in does not answer. Try again in a moment.",
    "login_email_missing": "Your account there has no e-mail address, and Maestro needs one.",
    "login_domain": "Your e-mail address may not sign in here, or nobody has verified it. Ask the "
    "administrator.",
    "email_taken": "Somebody else here has this e-mail address already. Ask the administrator.",
}
"""Why somebody was not let in: said on the page, by the code in its address."""

PEOPLE_ERRORS = {
    "login": "There is no such sign-in here.",
    "user": "There is nobody of this id here.",
    "administrators_only": "This is for administrators.",
    "bypass_for_administrators": "Only administrators may let commands leave the sandbox.",
    "last_administrator": "There would be no administrator any more. Make somebody else one first.",
    "email_differs": "That is not the e-mail address of this account. Nothing was deleted.",
    "owner_stays": "In local mode the owner stays: there is nobody else.",
}
