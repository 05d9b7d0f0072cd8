import pytest

from agent.core.errors import NotAllowed
from agent.core.guests import guest, persons_only, require_person
from agent.core.identity import User

ADA = User(id="1", email="ada@example.org", name="Ada", provider="google")


def test_only_a_guest_is_refused() -> None:
    require_person(ADA)
    with pytest.raises(NotAllowed) as refused:
        require_person(guest("1"))
    assert refused.value.code == "guest"


async def test_what_is_for_persons_is_not_even_begun_for_a_guest() -> None:
    begun: list[tuple[str, int]] = []

    @persons_only
    async def count(user: User, number: int, *, twice: bool = False) -> int:
        begun.append((user.name, number))
        return 2 * number if twice else number

    assert await count(ADA, 3, twice=True) == 6
    with pytest.raises(NotAllowed):
        await count(guest("1"), 4)
    assert begun == [("Ada", 3)]
