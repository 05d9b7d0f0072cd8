import pytest
from starlette.datastructures import Headers

from agent.config import Settings
from app.faces import Credential, credential

COOKIE = "maestro-80=mss_x"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ([], None),
        ([("cookie", "other=1")], None),
        ([("cookie", COOKIE)], Credential("cookie", "mss_x")),
        ([("authorization", "Bearer mst_x")], Credential("token", "mst_x")),
        ([("authorization", "bearer  mst_x ")], Credential("token", "mst_x")),
        ([("authorization", "Bearer mst_x"), ("cookie", COOKIE)], Credential("token", "mst_x")),
        ([("authorization", "Basic eDp5"), ("cookie", COOKIE)], Credential("token", "")),
        ([("authorization", ""), ("cookie", COOKIE)], Credential("token", "")),
        ([("authorization", "Bearer a"), ("authorization", "Bearer b")], Credential("token", "")),
    ],
)
def test_an_authorization_is_judged_alone(sent: list[tuple[str, str]], shown: Credential | None) -> None:
    """S07: whatever else comes along opens nothing."""
    raw = [(name.encode(), value.encode()) for name, value in sent]
    assert credential(Headers(raw=raw), Settings(maestro_port=80)) == shown


async def test_an_empty_credential_is_nobodys() -> None:
    assert await Credential("token", "").principal() is None
