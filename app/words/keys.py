"""The shortcuts, as people read of them, and the words of their list and of the palette."""

from typing import NamedTuple


class Shortcut(NamedTuple):
    """Something that keys do."""

    what: str
    keys: str
    """As they are set at first; `Mod` is Ctrl, and ⌘ on a Mac."""


SHORTCUTS = {
    "palette": Shortcut("Open the palette", "Mod+K"),
    "new_session": Shortcut("New session", "Mod+Shift+O"),
    "composer": Shortcut("To the composer", "Shift+Escape"),
    "stop": Shortcut("Stop the turn", "Escape"),
    "steer": Shortcut("Send now, to the running turn", "Mod+Enter"),
    "mode": Shortcut("Next mode", "Alt+M"),
    "models": Shortcut("Pick a model", "Mod+Shift+M"),
    "sidebar": Shortcut("Show or hide the sessions", "Mod+B"),
    "drawer": Shortcut("Show or hide the panel", "Mod+J"),
    "changes": Shortcut("What has changed", "Mod+Shift+G"),
    "previous_session": Shortcut("Previous session", "Alt+ArrowUp"),
    "next_session": Shortcut("Next session", "Alt+ArrowDown"),
    "needs_me": Shortcut("What needs me", "Mod+Shift+A"),
    "next_message": Shortcut("Next message", "Alt+J"),
    "previous_message": Shortcut("Previous message", "Alt+K"),
    "copy_answer": Shortcut("Copy the last answer", "Mod+Alt+C"),
    "shortcuts": Shortcut("All shortcuts", "Mod+/"),
}
LETTERS = {
    "allow_once": Shortcut("Allow once", "Y"),
    "allow_always": Shortcut("Allow always", "A"),
    "reject_once": Shortcut("Deny", "N"),
}
"""Single letters, which hold only while the focus is in a question that waits."""
TAKEN = (
    "Mod+R Mod+Shift+R Mod+T Mod+Shift+T Mod+W Mod+Shift+W Mod+N Mod+Shift+N Mod+F Mod+L Mod+P Mod+Q Mod+Tab "
    "Mod+A Mod+C Mod+V Mod+X Mod+Z Mod+Y Mod+Shift+Z Mod+Shift+I Mod+Shift+C Mod+Shift+J F1 F3 F5 F6 F7 F11 "
    "F12 Alt+ArrowLeft Alt+ArrowRight"
)
"""What browsers and text fields need."""

TITLE = "Shortcuts"
IN_QUESTIONS = "While a question that waits has the focus"
FIXED = (
    "In the composer: Enter sends, Shift+Enter breaks the line. "
    "Escape twice, where nothing is written, changes the last prompt."
)
CHANGE = "Change the keys for: {what}"
PRESS = "Press the keys … Escape: as before. Backspace: none."
NONE = "none"
CLASH = "{keys} is taken already: {what}. Nothing was changed."
IS_TAKEN = "{keys} belongs to the browser, or to text that is being written. Nothing was changed."
IS_LETTER = (
    "Hold Ctrl or Alt with it: a letter alone would be taken from what one writes. Nothing was changed."
)
CHANGED = "{what}: {keys}."
SWITCHED = "Shortcuts are on"
RESET, IS_RESET = "As they were at first", "All shortcuts are as they were at first."
KEYBOARD_WHAT = "What keys do can be changed, or switched off as a whole. It is kept in this browser."
OPEN_LIST = "See and change them"

PALETTE = "Palette"
PALETTE_HINT = "Look for a session, an action, a model or a setting"
PALETTE_PREFIXES = "> actions, # sessions, @ files, ? shortcuts and help"
FILES, HELP, COMMANDS = "Files", "Shortcuts and help", "Commands of the composer"
ACTIONS, SESSIONS, FOUND, MODELS, SETTINGS = "Actions", "Sessions", "Found in sessions", "Models", "Settings"
NOTHING = "Nothing found."
SEARCH_ALL = "Search in all sessions"
