import pytest

from agent.core.messages import Usage
from app.words.transcript import duration, price, spent, tokens


@pytest.mark.parametrize(
    ("usage", "seconds", "told"),
    [
        (Usage(cost=0.0), None, ""),
        (Usage(input=10, output=5), None, "10 tokens read · 5 written · price unknown"),
        (Usage(input=1500, output=5, cost=0.0), 3.25, "3.2 s · 1.5k tokens read · 5 written · $0.00"),
    ],
)
def test_what_was_used_is_told_in_a_line(usage: Usage, seconds: float | None, told: str) -> None:
    assert spent(usage, seconds) == told


def test_times_sizes_and_prices_are_rounded_as_people_do() -> None:
    assert [duration(seconds) for seconds in (0, 59.6, 3599, 86_400)] == [
        "0.0 s",
        "1 min 0 s",
        "59 min 59 s",
        "24 h 0 min",
    ]
    assert [tokens(number) for number in (0, 1000, 999_999, 2_000_000)] == ["0", "1k", "1000k", "2M"]
    assert [price(cost) for cost in (0.1, 12.345, 0.00001)] == ["$0.10", "$12.35", "$0.0000"]
