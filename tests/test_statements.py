"""What one engine has put together serves the next of its kind, and no other."""

from sqlalchemy import Engine, create_engine, literal, select

from tests.statements import keep

ASKED = select(literal("heron").label("found"))


def kept(engine: Engine) -> list[object]:
    """What was put together for its kind, after it has been asked."""
    with engine.connect() as connection:
        assert connection.execute(ASKED).scalar() == "heron"
    cache = engine._compiled_cache
    assert cache is not None
    return [cache[key] for key in cache if key[0] == engine.dialect]


def test_a_second_engine_begins_with_what_the_first_has_put_together() -> None:
    keep()
    first, second = create_engine("sqlite://"), create_engine("sqlite://")
    assert first.dialect is not second.dialect
    assert kept(first) == kept(second) != []


def test_an_engine_that_writes_otherwise_shares_nothing() -> None:
    keep()
    usual, other = create_engine("sqlite://"), create_engine("sqlite://", paramstyle="named")
    assert not {id(made) for made in kept(usual)} & {id(made) for made in kept(other)}
