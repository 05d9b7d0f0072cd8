from app.grouping import LEAST, grouped
from app.shown import Shown


def look(number: int, looks: str = "file") -> Shown:
    return Shown(id=f"c{number}", kind="tool", status="ok", looks=looks, text=str(number))


def test_calls_that_only_looked_are_told_together() -> None:
    rows = [
        Shown(id="u", kind="user"),
        *map(look, range(LEAST)),
        look(9, "search"),
        Shown(id="t", kind="text"),
    ]
    drawn = grouped(rows)
    assert [row.kind for row in drawn] == ["user", "group", "text"]
    assert drawn[1].title == "Looked at 3 files, 1 search"
    assert [(one.id, one.text) for one in drawn[1].looked] == [
        ("c0", "0"),
        ("c1", "1"),
        ("c2", "2"),
        ("c9", "9"),
    ]


def test_a_group_keeps_its_id_while_it_grows() -> None:
    ids = {grouped([look(number) for number in range(many)])[0].id for many in range(LEAST, 9)}
    assert len(ids) == 1


def test_a_few_calls_stand_for_themselves() -> None:
    rows = [look(number) for number in range(LEAST - 1)]
    assert grouped(rows) == rows


def test_a_failure_is_never_hidden() -> None:
    failed = Shown(id="f", kind="tool", status="failed")
    drawn = grouped([*map(look, range(3)), failed, *map(look, range(3, 6))])
    assert [row.kind for row in drawn] == ["group", "tool", "group"]
    assert drawn[1] is failed
