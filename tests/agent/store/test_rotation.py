"""Keys that come and go over sealed values."""

from typing import Any

import pytest
from sqlmodel import col, select, update

from agent import accounts, config, tooling
from agent.accounts import sign_ins
from agent.core.errors import Unavailable
from agent.core.identity import User
from agent.core.provider import Credential
from agent.store import rotation, sealing
from agent.store.audit import AuditEntryRow
from agent.store.engine import reading, writing
from agent.store.sealing import FILE
from agent.store.services import OpenapiServiceRow
from agent.store.users import LlmConfigurationRow
from agent.tooling.openapi.keeping import unsealed

FIRST, SECOND = "first-key-hVq3Zt8Lw2Nc5Rx7Bd9Kf1Mj", "second-key-Qp4Ys6Gu8Ea0Ti2Wo5Zx7Cv9"
KEY = Credential.model_validate({"secret": "sk-of-the-owner"})
PETS = """
openapi: 3.1.0
info: {title: Pets, version: "1"}
servers: [{url: "https://pets.example.org"}]
components: {securitySchemes: {key: {type: http, scheme: bearer}}}
security: [{key: []}]
paths: {/pets: {get: {operationId: list, responses: {"200": {description: All.}}}}}
"""


@pytest.fixture
async def everything(owner: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """Somebody of whom everything is stored that is ever sealed, under the first key."""
    use(monkeypatch, FIRST)
    await accounts.keep_credential(owner, "openai", KEY, "pasted")
    await sign_ins.keep("state", "provider", owner.id, b"verifier")
    new = {"name": "pets", "text": PETS, "credentials": {"key": "of-the-pets"}}
    await tooling.add_service(owner, tooling.NewService.model_validate(new))
    return owner


def use(monkeypatch: pytest.MonkeyPatch, keys: str) -> None:
    monkeypatch.setenv("MAESTRO_SECRET_KEY", keys)
    config.settings.cache_clear()


async def opened(user: User) -> list[Any]:
    (kept,) = await accounts.kept_credentials(user)
    service = await reading(lambda store: store.exec(select(OpenapiServiceRow)).one())
    return [
        await accounts.open_credential(kept),
        await sign_ins.look("state", "provider", user.id),
        unsealed(service),
    ]


async def test_everything_is_sealed_anew_and_the_old_key_can_go(
    everything: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await opened(everything)
    use(monkeypatch, f"{SECOND} {FIRST}")
    assert await opened(everything) == before
    rotated = await rotation.rotate()
    assert (rotated.anew, rotated.left, rotated.unopened) == (3, 0, ())
    assert (await rotation.rotate()).left == 3
    use(monkeypatch, SECOND)
    assert await opened(everything) == before


async def test_who_drops_a_key_too_early_is_told_and_loses_nothing(
    everything: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, SECOND)
    (kept,) = await accounts.kept_credentials(everything)
    with pytest.raises(Unavailable, match="sealed_by_another_key"):
        await accounts.open_credential(kept)
    rotated = await rotation.rotate()
    assert (rotated.anew, len(rotated.unopened)) == (0, 3)
    assert f"llm_configurations {kept.id}" in rotated.unopened
    use(monkeypatch, f"{SECOND} {FIRST}")
    assert (await rotation.rotate()).anew == 3


async def test_what_no_key_opens_can_be_forgotten(everything: User, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, SECOND)
    assert len((await rotation.rotate(forgets=True)).unopened) == 3
    assert await accounts.kept_credentials(everything) == []
    assert await sign_ins.look("state", "provider", everything.id) is None
    (service,) = await tooling.services(everything)
    assert (service.name, service.has_credentials, service.hint) == ("pets", False, "")
    assert (await rotation.rotate()).unopened == ()


async def test_a_value_in_the_wrong_row_is_found(
    everything: User, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await accounts.keep_credential(other, "openai", KEY, "pasted")
    (theirs,) = await accounts.kept_credentials(other)
    swap = update(LlmConfigurationRow).where(col(LlmConfigurationRow.user_id) == everything.id)
    await writing(lambda store: store.exec(swap.values(credentials=theirs.sealed)).rowcount)
    for keys in (FIRST, f"{SECOND} {FIRST}"):
        use(monkeypatch, keys)
        assert len((await rotation.rotate()).unopened) == 1


async def test_a_rotation_is_in_the_audit_log(everything: User, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, f"{SECOND} {FIRST}")
    await rotation.rotate()
    newest = select(AuditEntryRow).order_by(col(AuditEntryRow.seq).desc())
    entry = await reading(lambda store: store.exec(newest).first())
    assert entry
    assert (entry.action, entry.body) == (
        "keys_rotated",
        '{"anew":3,"forgotten":false,"left":0,"unopened":[]}',
    )
    assert everything.id not in entry.body


@pytest.mark.usefixtures("owner")
async def test_without_a_key_nothing_is_rotated() -> None:
    with pytest.raises(Unavailable, match="secret_key_missing"):
        await rotation.rotate()


async def test_a_lost_key_is_not_made_anew_over_what_it_has_sealed(owner: User) -> None:
    await accounts.keep_credential(owner, "openai", KEY, "pasted")
    file = config.settings().data_dir / FILE
    file.unlink()
    for _ in range(2):
        with pytest.raises(Unavailable, match="secret_key_gone") as told:
            await accounts.keep_credential(owner, "gemini", KEY, "pasted")
        assert told.value.values == {"count": 1}
    assert not file.exists()
    await rotation.rotate(forgets=True)
    await accounts.keep_credential(owner, "gemini", KEY, "pasted")
    assert file.exists()
    assert sealing.key_heads()
