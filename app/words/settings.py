"""Every sentence of the settings page."""

from collections.abc import Sequence
from datetime import UTC, datetime

SETTINGS = "Settings"
SECTIONS = {
    "keys": "Keys",
    "tools": "Tools and permissions",
    "rules": "Rules",
    "services": "Services",
    "tokens": "Devices and tokens",
    "account": "Your account",
    "people": "People",
    "appearance": "Appearance",
    "keyboard": "Keyboard",
}
"""The sections by their anchor, in the order of the page."""
GUEST = "You are here as a guest: nothing is kept of you but your sessions."
GUEST_MAY_SIGN_IN = "Sign in to keep keys, rules and services."

YES, NO = "Yes", "No"
REMOVE, REMOVE_MEANS = "Remove", "Remove {what}"
REMOVED = "{what} is removed."
MORE = "{count} more are not shown."
READ_ANEW = "Read anew"

KEYS_WHAT = "Who serves models, and with which key. A key is sealed when it arrives, and never shown again."
KEY_OWN = "Your key"
KEY_SIGNED_IN = "Signed in by you"
KEY_SERVERS = "The server’s key"
KEY_NONE = "No key"
KEY_ENDS = "ends in {hint}"
ENTER_KEY, REPLACE_KEY = "Enter a key", "Replace"
ENTER_KEY_FOR, REPLACE_KEY_FOR = "Enter a key for {provider}", "Replace the key for {provider}"
KEY = "Key"
ACCOUNT_FILE = "Service account (the JSON text of its key file)"
PROJECT, LOCATION = "Project", "Location"
SAVE_KEY, SAVE_UNTRIED = "Test and save", "Save untried"
KEY_SAVED = "The key is saved."
TEST, TEST_OF = "Test", "Test the key for {provider}"
TESTED, NOT_ACCEPTED = "{provider} accepts the key.", "{provider} {trouble}."
ODD_ANSWER = "does not answer as it should"
SIGN_IN_WITH = "Sign in with {whom}"
SIGN_IN_WHOM = {"gemini": "Google", "vertex": "Google"}
"""Who vouches, where that is not the provider by its own name."""
SIGNING_IN = "On the way …"
CONNECTED = "You are signed in with {provider}."
REMOVE_KEY_FOR = "Remove the key for {provider}"
KEY_REMOVED = "The key is removed."
ASKING_PROVIDER = "Asking {provider} …"

TOOLS_WHAT = "What a model may use at all. What is switched off is hidden from it, from the next call on."
TOOLS = {
    "ask_user": "Ask you a question",
    "call_operation": "Call a service you have connected",
    "edit": "Edit a file",
    "enter_plan_mode": "Begin to plan",
    "exit_plan_mode": "Present a plan",
    "find_operations": "Look for what your services can do",
    "glob": "Find files by name",
    "grep": "Search in files",
    "list_directory": "List a folder",
    "read_file": "Read a file",
    "read_many_files": "Read several files",
    "read_operation": "Read from a service you have connected",
    "shell": "Run commands",
    "shell_jobs": "Look after what runs beside the work",
    "todo": "Keep a list of what is to be done",
    "web_fetch": "Fetch a page from the web",
    "web_search": "Search the web",
    "write_file": "Write a file",
}
ONLY_LOOKING = "Tools that only read and plan"
MAY_RUN = "{tool} may run"
OUTSIDE = "Run outside of the sandbox"
OUTSIDE_NOW = "Commands run outside of the sandbox."
OUTSIDE_WARNING = (
    "Commands would then run as the server itself: they can read and change every file it can, "
    "other people’s work among them, and reach any machine. Each is asked about, unless a rule allows it."
)
OUTSIDE_SURE = "Switch the sandbox off"
INSIDE = "Back into the sandbox"

RULES_WHAT = (
    "What you answered with “Always” or “Never”, or set up by hand. A rule holds until you remove it, "
    "or its time is up."
)
NO_RULES = "There are no rules yet. Answer a question with “Always” or “Never” to set one up, or add one."
DECISIONS = {"allow": "Allow", "ask": "Ask", "deny": "Deny"}
SOURCES = {"answer": "from your answer", "person": "set up by hand"}
ENDED = "Ended"
WIDE = "It lets programs run that nobody has looked at."
SHUTS_OFF = "Where it holds, no such call can pass, and models are not told of the tool."
NEVER_HIT = "never applied"
ADD_RULE = "Add a rule"
DECISION, TOOL, ANY_TOOL = "Decision", "Tool", "Any tool"
COMMANDS, COMMANDS_HINT = "Commands that begin with", "one a line, such as git log; empty for every command"
EVERYWHERE = "Everywhere"
TRY_RULE, TRY_RULE_MEANS = "Try it", "Try it on past calls: {what}"
ADD_DRAFT = "Add this rule"
RULE_ADDED = "The rule is added."
TRIED_ON = "Of your newest {calls} such calls in 30 days, it would have {done} {met}{more}."
TRIED_ON_ONE = "Of the one such call in 30 days, it would have {done} {met}{more}."
TRIED_ON_NONE = "There were no such calls in the last 30 days to try it on."
WOULD_HAVE = {"allow": "allowed", "ask": "asked about", "deny": "denied"}
HAD_DENIED, HAD_RUN = "; you had denied {count} of these", "; {count} of these had run"

SERVICES_WHAT = "Services that agents may call, each described in OpenAPI."
NO_SERVICES = "No service is connected yet."
ADD_SERVICE = "Add a service"
SERVICE_NAME = "Name"
SERVICE_NAME_HINT = "Small letters, digits, - and _, such as weather"
SERVICE_URL = "Address of its description"
SERVICE_FILE = "or its file (JSON or YAML)"
SERVICE_SERVER = "Server, when the description names none"
SERVICE_ADDED = "The service is connected."
CONNECT = "Connect"
SERVICE_ON = "{name} may be called"
SIGN_IN_TO = "Credentials"
CREDENTIALS_OF = "Credentials of {name}"
CREDENTIALS_WHAT = "Enter all that it needs: what is left empty is forgotten."
SAVE_CREDENTIALS = "Save"
BASIC_HINT = "user:password"
CREDENTIALS_SAVED = "The credentials are saved."
READ_AGAIN, READ_AGAIN_MEANS = "Read again", "Read again: the description of {name}"
SERVICE_READ = "{name} has been read again."
LEFT_OUT = "{count} cannot be called"

SIGN_INS = "Browsers"
SIGN_INS_WHAT = "Where you are signed in."
THIS_BROWSER = "this browser"
SIGN_OUT, SIGN_OUT_OF = "Sign out", "Sign out {what}"
SIGN_OUT_EVERYWHERE = "Sign out everywhere"
SIGNED_OUT = "The browser is signed out."
UNKNOWN_BROWSER = "A browser"
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "FxiOS/": "Firefox",
    "Firefox/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
"""By what a browser says of itself; many say that they are others too, those come last."""
SYSTEMS = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
BROWSER_ON = "{browser} on {system}"
TOKENS = "Tokens"
TOKENS_WHAT = "A token lets a program speak for you at the API. It is shown once, when it is made."
NO_TOKENS = "There are no tokens yet."
MAKE_TOKEN = "Make a token"  # noqa: S105  a button
TOKEN_NAME, TOKEN_NAME_HINT = "What it is for", "such as backup script"
MAY = "It may"
SCOPES = {
    "sessions:read": "look at sessions",
    "sessions:write": "work in sessions",
    "settings:read": "look at settings",
    "settings:write": "change settings",
}
ENDS_AFTER = "It ends after"
LIVES = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "a year", "null": "never"}
MAKE = "Make"
SHOWN_ONCE = "Copy it now. It will not be shown again."
COPY, COPIED = "Copy", "Copied"
REVOKE, REVOKE_MEANS = "Revoke", "Revoke {what}"
REVOKED = "The token is revoked."
TOKEN_SOURCES = {"device": "by device login", "server": "the server’s own", "person": ""}

PEOPLE_WHAT = "Everybody who has signed in here."
ADMINISTRATOR = "Administrator"
IS_ADMINISTRATOR = "{name} is an administrator"
YOU = "you"
PERSON_REMOVED = "The person is removed."
REMOVE_PERSON = "Remove {what} and all that is theirs"

APPEARANCE_WHAT = "Kept in this browser."
THEME = "Theme"
THEMES = {"system": "As the system", "light": "Light", "dark": "Dark"}
CONTRAST = "Contrast"
CONTRASTS = {"system": "As the system", "more": "High"}
DENSITY = "Density"
DENSITIES = {"comfortable": "Comfortable", "compact": "Compact"}

ACCOUNT_WHAT = "You are signed in as {email}."
LEAVE = "Delete my account"
LEAVE_WHAT = (
    "Gone for good are: your sessions and the files in folders of their own, your keys, tokens and rules, "
    "your services, and every sign-in. What runs is stopped. Folders that somebody chose for a session stay "
    "as they are."
)
LEAVE_PROOF = "Your e-mail address, to be sure"

SENDING = "One moment …"
NO_ANSWER = "The server does not answer. Try again in a moment."


def ago(at: datetime, now: datetime) -> str:
    """How long ago something was, as people say it.

    >>> noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    >>> (
    ...     ago(datetime(2026, 1, 31, 11, 59, 30, tzinfo=UTC), noon),
    ...     ago(datetime(2026, 1, 31, 9, tzinfo=UTC), noon),
    ... )
    ('just now', '3 hours ago')
    """
    seconds = max(0, (now - at).total_seconds())
    for unit, length, most in (("minute", 60, 60), ("hour", 3600, 24), ("day", 86400, 30)):
        count = int(seconds // length)
        if count == 0:
            return "just now" if unit == "minute" else "today"
        if count < most:
            return f"{count} {unit}{'s' * (count > 1)} ago"
    return f"on {at:%d %b %Y}"


def until(at: datetime, now: datetime) -> str:
    """When something ends, as people say it.

    >>> now = datetime(2026, 1, 30, 12, tzinfo=UTC)
    >>> until(datetime(2026, 1, 31, 12, tzinfo=UTC), now), until(datetime(2026, 1, 2, tzinfo=UTC), now)
    ('ends in 1 day', 'ended on 02 Jan 2026')
    """
    seconds = (at - now).total_seconds()
    if seconds <= 0:
        return f"ended on {at:%d %b %Y}"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if count := round(seconds / length):
            return f"ends in {count} {unit}{'s' * (count > 1)}"
    return "ends in less than a minute"


def used(at: datetime | None, now: datetime) -> str:
    """When something was used last.

    >>> used(None, datetime(2026, 1, 31, tzinfo=UTC))
    'never used'
    """
    return f"used {ago(at, now)}" if at else "never used"


def seen(at: datetime | None, now: datetime) -> str:
    """When somebody was here last.

    >>> seen(None, datetime(2026, 1, 31, tzinfo=UTC))
    'not here lately'
    """
    return f"last here {ago(at, now)}" if at else "not here lately"


def exactly(at: datetime | None) -> str:
    """A moment to the minute, for those who want to know.

    >>> exactly(datetime(2026, 1, 31, 12, 30, tzinfo=UTC)), exactly(None)
    ('31 Jan 2026 12:30 UTC', '')
    """
    return f"{at.astimezone(UTC):%d %b %Y %H:%M} UTC" if at else ""


def hit(count: int, last: datetime | None, now: datetime) -> str:
    """How often a rule decided, and when last.

    >>> hit(0, None, datetime(2026, 1, 31, tzinfo=UTC))
    'never applied'
    """
    if not count:
        return NEVER_HIT
    times = "once" if count == 1 else f"{count:,} times"
    return f"applied {times}, last {ago(last, now)}" if last else f"applied {times}"


def tried(decision: str, calls: int, met: int, denied: int) -> str:
    """What a rule would have meant for the calls there were.

    Args:
        decision: of the rule.
        calls: those it was tried on.
        met: those of these it would have decided.
        denied: those of these that the person had denied.

    >>> tried("allow", 40, 12, 3)
    'Of your newest 40 such calls in 30 days, it would have allowed 12; you had denied 3 of these.'
    >>> tried("deny", 1, 1, 0)
    'Of the one such call in 30 days, it would have denied 1; 1 of these had run.'
    """
    if not calls:
        return TRIED_ON_NONE
    ran = met - denied
    surprise = {"allow": HAD_DENIED.format(count=denied) if denied else ""}
    more = surprise.get(decision, HAD_RUN.format(count=ran) if ran and decision == "deny" else "")
    sentence = TRIED_ON_ONE if calls == 1 else TRIED_ON
    return sentence.format(calls=calls, done=WOULD_HAVE[decision], met=met, more=more)


def hidden(count: int) -> str:
    """That there is more than what is shown; nothing when there is not.

    >>> hidden(3), hidden(-1)
    ('3 more are not shown.', '')
    """
    return MORE.format(count=count) if count > 0 else ""


def operations(count: int) -> str:
    """How much a service can do.

    >>> operations(1), operations(12)
    ('1 operation', '12 operations')
    """
    return f"{count:,} operation{'s' * (count != 1)}"


def joined(parts: Sequence[str]) -> str:
    """Some of these facts, one beside the other.

    >>> joined(["a", "", "b"])
    'a · b'
    """
    return " · ".join(filter(None, parts))


def sentence_of(name: str) -> str:
    """A name of a thing as a sentence begins.

    >>> sentence_of("the key")
    'The key'
    """
    return name[:1].upper() + name[1:]
