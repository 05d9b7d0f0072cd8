"""What the page of all sessions says."""

ALL_SESSIONS = "All sessions"
SEARCH = "Search names, prompts, answers and tools"
SEARCH_SHORT = "Search what was said and done"
SEARCH_HINT = "All words must be there. “Quoted words” stand together, -word leaves out."
FOUND_IN = {"title": "Name", "prompt": "Prompt", "answer": "Answer", "tool": "Tool"}
STATES = {
    "": "Any state",
    "running": "Running",
    "needs_me": "Needs me",
    "idle": "Idle",
    "archived": "Archived",
}
AGES = {
    "": "Any time",
    "day": "Last 24 hours",
    "week": "Last 7 days",
    "month": "Last 30 days",
    "older": "Older",
}
STATE = "State"
MODEL = "Model"
ANY_MODEL = "Any model"
WORKSPACE = "Workspace"
ANY_WORKSPACE = "Any workspace"
USED = "Used"
NAME = "Name"
HAS_CHANGES = "Changed files"
CLEAR = "Clear"
CLEAR_MEANS = "Clear search and filters"
OWN_FOLDER = "own folder"
CLEAR_CHOICE = "Choose none"
ONLY = "More in this session"
WITHIN = "Only in “{name}”"
EVERYWHERE = "Search everywhere"
CHOOSE = "Choose “{name}”"
CHOOSE_ALL = "Choose all that are shown"
CHOSEN = "{count} chosen"
ACTIONS = "More"
ACTIONS_OF = "Actions for “{name}”"
RENAME = "Rename"
NEW_NAME = "New name"
PIN, UNPIN = "Pin", "Unpin"
PINNED = "Pinned"
ARCHIVE, UNARCHIVE = "Archive", "Bring back"
ARCHIVED = "Archived"
FORK = "Fork"
EXPORT_MARKDOWN, EXPORT_JSON = "Export as Markdown", "Export as JSON"
DELETE = "Delete"
UNDO = "Undo"
DONE = {
    "pin": "{what} pinned.",
    "unpin": "{what} not pinned any more.",
    "archive": "{what} archived.",
    "unarchive": "{what} brought back.",
    "delete": "{what} deleted.",
    "undelete": "{what} brought back.",
}
NOTHING_YET = "There are no sessions yet. Ask for something, and it will be here."
NOTHING_FOUND = "Nothing found."
NOTHING_MEANS = "Fewer words or filters find more. Archived sessions are found with the state “Archived”."
LOOKING = "Searching …"
MORE = "Show more"
GROUPS = {
    "pinned": PINNED,
    "today": "Today",
    "yesterday": "Yesterday",
    "week": "Last 7 days",
    "older": "Older",
}
"""Of the list beside the page."""
