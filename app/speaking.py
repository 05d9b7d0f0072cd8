"""What a screen reader says of a session: how the work goes on, what it needs, how it ended."""

from itertools import takewhile

from agent.core.transcript import Row
from app.shown import shown
from app.view import View
from app.words.spoken import FILES_CHANGED, FINISHED, NEEDS

CHANGING = ("write_file", "edit")


def said(view: View) -> str:
    """What may wait until nothing else is being read."""
    rows = view.transcript.told
    if view.is_working:
        return view.run_state
    return finished(last_turn(rows)) if rows and rows[-1].kind != "notice" else ""


def alarm(view: View) -> str:
    """What is said at once: a question that waits, or what went wrong."""
    if view.asking:
        asking = view.asking[-1]
        return NEEDS.format(what=f"{asking.title} {asking.subject}".strip())
    rows = view.transcript.told
    return shown(rows[-1]).text if rows and rows[-1].kind == "notice" else ""


def last_turn(rows: list[Row]) -> list[Row]:
    """The rows of the turn that ended last, the newest first.

    >>> rows = [Row(id=id, kind="text", turn_id=id[0]) for id in ("a1", "b1", "b2")]
    >>> [row.id for row in last_turn(rows)]
    ['b2', 'b1']
    """
    return list(takewhile(lambda row: row.turn_id == rows[-1].turn_id, reversed(rows)))


def finished(rows: list[Row]) -> str:
    """How a turn ended, and what it changed.

    >>> finished([Row(id="a", kind="tool", title="edit", status="ok", values={"path": "a.py"})])
    'Answer finished, 1 file changed'
    """
    paths = {str(row.values.get("path")) for row in rows if row.status == "ok" and row.title in CHANGING}
    changed = FILES_CHANGED.get(len(paths), FILES_CHANGED[0]).format(count=len(paths))
    return f"{FINISHED}, {changed}" if paths else FINISHED
