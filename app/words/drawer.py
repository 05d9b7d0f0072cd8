"""What the drawer says: changes, files, jobs, and how a turn went."""

from agent.core.trace import Span
from app.words.transcript import duration

DRAWER_ERRORS = {
    "file": "There is no such file in the workspace.",
    "folder": "There is no such folder in the workspace.",
    "workspace_gone": "The workspace is gone, or cannot be read.",
    "file_too_large": "This file is too large to be fetched: at most {most}.",
    "event": "There is no such event here.",
    "turn": "There is no such turn here.",
    "call": "There is no such call here, or it has not ended.",
}
DRAWER = "Changes, files, jobs, trace, context"
OPEN = "Show or hide the panel"
CLOSE_DRAWER = "Close the panel"
TABS = {
    "changes": "Changes",
    "files": "Files",
    "jobs": "Jobs",
    "trace": "Trace",
    "context": "Context",
    "output": "Output",
}

SCOPES = {"session": "Session", "turn": "Last turn"}
SCOPE = "Since when"
NO_CHANGES = {
    "session": "The agent has changed no file in this session.",
    "turn": "The agent has changed no file in the last turn.",
}
CHANGED_FILES = ("{n} file", "{n} files")
COMMANDS_TOO = "What commands and other programs have changed is not listed here."
OLDER_CHANGES = "These are the newest {n} changes; there were more before."
NOT_BY_LINE = "It was replaced as a whole, so its lines cannot be compared."
TOO_MANY = "There is too much here to draw these lines too. Look at the file itself."
COPY_PATCH = "Copy patch"
SEE_FILE = "See the file"
VIEWED = "Viewed"
CHANGES_KEYS = "Keys: ] and [ next and previous change, n and p next and previous file, v viewed."

EMPTY_FOLDER = "Nothing lies here."
EMPTY_FILE = "This file is empty."
MORE_ENTRIES = "{shown} of {entries} entries are shown."
IGNORED = ("{n} entry is ignored", "{n} entries are ignored")
TOO_MANY_LINES = "Close a folder to see more: {n} lines are shown at most."
TO_FILES = "All files"
DOWNLOAD = "Download"
READ_ANEW = "Read anew"
FIRST_PART = "The first {shown} of {size}."
IMAGE = "Image · {size}"
OTHER = "Neither text nor an image that can be shown · {size}"
LINK = "link"

NO_JOBS = "Nothing runs beside the work. The agent starts such jobs for servers and watchers."
NO_OUTPUT = "It has written nothing."
STARTED = "Started {at} UTC"

NO_TURNS = "Nothing was asked in this session yet."
TURN_OF = "Turn {n} of {all}"
EARLIER, LATER = "Earlier turn", "Later turn"
STEPS_OF_TURN = "The steps of this turn"
COLUMNS = {"what": "What", "after": "Began", "took": "Took", "tokens": "Tokens", "cost": "Cost"}
TOKENS_MEAN = "Read and written"
READ_AND_WRITTEN = "{read} → {written}"
CACHED = "{n} cached"
AFTER = "+{after}"
WAITED = "{name}: waited for you"
RUNS = "…"
OUTCOMES = {
    "failed": "failed",
    "rejected": "not allowed",
    "cancelled": "stopped",
    "unknown": "outcome unknown",
    "max_tokens": "reached the length limit",
    "refusal": "declined",
    "loop": "repeated itself",
    "error": "broke off",
}
"""How a step ended that did not end as it should."""
RAW = "Raw events"
RAW_CUT = "… {n} more characters"

FILLING = {
    "told": "Who it is, and instructions",
    "tools": "Descriptions of tools",
    "prompts": "What you said",
    "files": "Files you sent along",
    "answers": "What it answered",
    "thinking": "What it thought",
    "calls": "What it called tools with",
    "results": "What tools gave back",
}
FILLING_COLUMNS = ("What", "Tokens", "Share")
FILLING_MEANS = (
    "What the model is sent with the next prompt. What the last step used is shared out by length."
)
ABOUT_USED, ABOUT_USED_OF = "About {used} tokens", "About {used} of {of} tokens, {percent}"
NOT_COUNTED = "The model has counted nothing yet, so this is estimated: four characters for a token."
PICTURES_TOO = "Images and PDFs go along too; what they take is spread over the rest."

OPEN_ALL = "Open all"
MORE = "More"
PAGES_OF = "{shown} of {all} characters"
REST = "The rest is in the file."


def file_size(size: int) -> str:
    """A number of bytes, as people say it.

    >>> file_size(950), file_size(4_210), file_size(2_500_000)
    ('950 B', '4.2 kB', '2.5 MB')
    """
    for unit, letters in ((1_000_000, "MB"), (1000, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {letters}".replace(".0 ", " ")
    return f"{size} B"


def span_name(span: Span) -> str:
    """What a stretch of a turn was.

    >>> span_name(Span(kind="approval", name="shell", after=0))
    'shell: waited for you'
    """
    return WAITED.format(name=span.name) if span.kind == "approval" else span.name


def took(span: Span) -> str:
    """How long a stretch of a turn took.

    >>> (
    ...     took(Span(kind="tool", name="grep", after=0, seconds=0.004)),
    ...     took(Span(kind="tool", name="x", after=0)),
    ... )
    ('4 ms', '…')
    """
    if span.seconds is None:
        return RUNS if span.outcome is None else ""
    return f"{span.seconds * 1000:.0f} ms" if span.seconds < 0.1 else duration(span.seconds)  # noqa: PLR2004  tenths say too little
