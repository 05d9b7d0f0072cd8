from agent.core.transcript import Row
from app.speaking import alarm, finished, last_turn, said
from app.view import View


def written(name: str, path: str, status: str = "ok") -> Row:
    return Row.model_validate(
        {
            "id": f"{name}{path}{status}",
            "kind": "tool",
            "title": name,
            "status": status,
            "values": {"path": path},
        }
    )


def test_each_changed_file_is_counted_once_and_only_what_went_well() -> None:
    rows = [
        written("edit", "a"),
        written("edit", "a", "failed"),
        written("write_file", "a"),
        written("edit", "b"),
        written("read_file", "c"),
        written("edit", "d", "rejected"),
    ]
    assert finished(rows) == "Answer finished, 2 files changed"
    assert finished(rows[:3]) == "Answer finished, 1 file changed"
    assert finished(rows[4:]) == "Answer finished"


def test_only_the_last_turn_counts() -> None:
    rows = [Row(id=str(number), kind="text", turn_id=turn) for number, turn in enumerate("aab")]
    assert [row.id for row in last_turn(rows)] == ["2"]


def test_of_a_new_session_nothing_is_said() -> None:
    assert (said(View()), alarm(View())) == ("", "")
