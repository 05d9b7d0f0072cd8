"""What the page of the device login says."""

TITLE = "Let a program in"
TYPE_THE_CODE = "A program that wants to work in your name shows you a code. Type it here."
CODE = "Code"
CODE_LOOKS = "XXXX-XXXX"
GO_ON = "Continue"
WANTS_IN = "wants to work in your name"
PLACE = "It asks from"
BEGAN = "It began"
MAY = "It would be able to"
SCOPES = {
    "sessions:read": "read your sessions",
    "sessions:write": "work in your sessions: send prompts, answer questions, let tools run",
    "settings:read": "look at your settings",
    "settings:write": "change your settings: permissions, rules, credentials, tokens",
}
LASTS = "For 90 days, or until you revoke its token in the settings."
ONLY_YOURS = (
    "Allow this only if you have just begun it yourself. If somebody sent you this code or asked you to type "
    "it, deny: they would be let in, not you."
)
ELSEWHERE = "That is another address than yours ({place})."
NEAR = "{place}, the machine that Maestro runs on"
ALLOW = "Allow"
DENY = "Deny"
ALLOWED = "“{client}” is let in"
ALLOWED_WHAT = "It goes on by itself in a few seconds. You can close this page."
DENIED = "“{client}” is kept out"
DENIED_WHAT = "Nothing was given to it. You can close this page."
SIGNED_IN_AS = "You are signed in as {name}."
TO_SESSIONS = "To the sessions"
JUST_NOW = "just now"
A_MINUTE_AGO = "a minute ago"
MINUTES_AGO = "{minutes} minutes ago"
