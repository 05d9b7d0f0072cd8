"""The page's own scripts: many small files to write, two to load."""

import hashlib
from pathlib import Path

ASSETS = Path(__file__).parent.parent / "assets"
FIRST = ("appearance", "zone", "leaving", "early")
"""What must be there before the first paint, or before Reflex."""
LATER = (
    "keys",  # rebinding builds on it
    "suggesting",  # those that offer something build on it
    "mentions",
    "commands",
    "maestro",
    "composer",
    "editing",
    "models",
    "times",
    "attaching",
    "uploads",
    "following",
    "earlier",
    "copying",
    "forms",
    "browsing",
    "anchors",
    "rebinding",
    "palette",
    "announcing",
    "drawer",
    "reviewing",
)
"""What listens to a person and to what is drawn; there when the page's text is."""
LOADED = {"first.js": FIRST, "later.js": LATER}


def joined(names: tuple[str, ...]) -> str:
    """The text of several scripts, one after the other."""
    return "\n".join((ASSETS / f"{name}.js").read_text("utf-8") for name in names)


def address(file: str) -> str:
    """Where the page finds one of the two; another text has another address, so that it can be kept forever.

    >>> address("first.js").startswith("/first.js?v=")
    True
    """
    return f"/{file}?v={hashlib.sha256(joined(LOADED[file]).encode()).hexdigest()[:12]}"


def write(folder: Path) -> None:
    """Write the two into a built page."""
    for file, names in LOADED.items():
        (folder / file).write_text(joined(names), "utf-8")
