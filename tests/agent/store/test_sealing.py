import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from agent import config
from agent.core.errors import Unavailable
from agent.store.sealing import FILE, is_stale, key_heads, seal, unseal

PLACE = {"table": "llm_configurations", "row": "r1", "user": "u1", "field": "credentials"}
FIRST, SECOND = "first-key-hVq3Zt8Lw2Nc5Rx7Bd9Kf1Mj", "second-key-Qp4Ys6Gu8Ea0Ti2Wo5Zx7Cv9"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MAESTRO_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def use(monkeypatch: pytest.MonkeyPatch, key: str, name: str = "MAESTRO_SECRET_KEY") -> None:
    monkeypatch.setenv(name, key)
    config.settings.cache_clear()


def while_running(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    """Settings that were right when the server was started, or it would not have been."""
    monkeypatch.setattr("agent.store.sealing.settings", lambda: config.Settings(**changed))


def refusal(sealed: bytes, **place: str) -> str:
    with pytest.raises(Unavailable) as told:
        unseal(sealed, **{**PLACE, **place})
    return told.value.code


def test_what_is_sealed_can_be_read_again_and_only_by_us() -> None:
    for plain in (b"", b"sk-secret", secrets.token_bytes(100_000)):
        sealed = seal(plain, **PLACE)
        assert unseal(sealed, **PLACE) == plain
        assert plain not in sealed or not plain
        assert seal(plain, **PLACE) != sealed


@pytest.mark.parametrize("other", [{"table": "x"}, {"row": "r2"}, {"user": "u2"}, {"field": "hint"}])
def test_a_value_opens_in_its_own_place_alone(other: dict[str, str]) -> None:
    assert refusal(seal(b"sk-secret", **PLACE), **other) == "sealed_damaged"


def test_places_that_only_look_alike_when_joined_are_two() -> None:
    sealed = seal(b"x", table="a", row="b\0c", user="d", field="e")
    with pytest.raises(Unavailable):
        unseal(sealed, table="a\0b", row="c", user="d", field="e")


def test_every_changed_byte_is_noticed() -> None:
    sealed = seal(b"sk-secret", **PLACE)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert refusal(bytes(changed)) in {"sealed_damaged", "sealed_by_another_key"}
    for short in (b"", sealed[:4], sealed[:20], sealed[:-1]):
        assert refusal(short) == "sealed_damaged"


def test_a_key_is_made_once_for_the_owner_alone(data: Path) -> None:
    assert refusal(b"\1" * 60) == "sealed_by_another_key"
    assert not (data / FILE).exists()
    seal(b"x", **PLACE)
    key = (data / FILE).read_text()
    seal(b"x", **PLACE)
    assert (data / FILE).read_text() == key
    assert (data / FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in data.iterdir()] == [FILE]


def test_those_who_make_a_key_at_the_same_moment_make_one(data: Path) -> None:
    together = threading.Barrier(8)

    def sealed(_: int) -> bytes:
        together.wait()
        return seal(b"x", **PLACE)

    with ThreadPoolExecutor(8) as threads:
        made = [*threads.map(sealed, range(8))]
    assert [unseal(each, **PLACE) for each in made] == [b"x"] * 8
    assert [file.name for file in data.iterdir()] == [FILE]


def test_a_lost_key_is_told(data: Path) -> None:
    sealed = seal(b"x", **PLACE)
    (data / FILE).unlink()
    assert refusal(sealed) == "sealed_by_another_key"
    assert not (data / FILE).exists()


def test_keys_are_replaced_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST)
    old = seal(b"sk-secret", **PLACE)
    use(monkeypatch, f"{SECOND}, {FIRST}")
    assert (unseal(old, **PLACE), is_stale(old)) == (b"sk-secret", True)
    new = seal(b"sk-secret", **PLACE)
    assert (is_stale(new), [new[:5], old[:5]]) == (False, key_heads())
    use(monkeypatch, SECOND)
    assert unseal(new, **PLACE) == b"sk-secret"
    assert refusal(old) == "sealed_by_another_key"


def test_a_key_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, f"{SECOND} {FIRST}")
    sealed = seal(b"x", **PLACE)
    file = tmp_path / "key"
    file.write_text(f"{SECOND}\n{FIRST}\n")
    file.chmod(0o600)
    monkeypatch.delenv("MAESTRO_SECRET_KEY")
    use(monkeypatch, str(file), "MAESTRO_SECRET_KEY_FILE")
    assert unseal(sealed, **PLACE) == b"x"


@pytest.mark.parametrize(
    ("content", "mode", "code"),
    [
        (FIRST, 0o644, "secret_key_open"),
        (FIRST, 0o640, "secret_key_open"),
        ("short", 0o600, "secret_key_short"),
        ("", 0o600, "secret_key_missing"),
        ("\udcff", 0o600, "secret_key_unreadable"),
        (None, 0o600, "secret_key_unreadable"),
    ],
)
def test_a_key_that_cannot_be_used_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any, mode: int, code: str
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_text(content, errors="surrogateescape")
        file.chmod(mode)
    while_running(monkeypatch, maestro_secret_key_file=file)
    with pytest.raises(Unavailable) as told:
        seal(b"x", **PLACE)
    assert told.value.code == code
    assert FIRST not in str(told.value.values)


def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    while_running(monkeypatch, maestro_secret_key=SecretStr("hunter2"))
    with pytest.raises(Unavailable) as told:
        seal(b"x", **PLACE)
    assert (told.value.code, told.value.values["source"]) == ("secret_key_short", "MAESTRO_SECRET_KEY")


def test_a_server_for_many_makes_no_key_of_its_own(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = config.Settings(maestro_auth="oidc", maestro_data_dir=data)
    monkeypatch.setattr("agent.store.sealing.settings", lambda: many)
    with pytest.raises(Unavailable, match="secret_key_missing"):
        seal(b"x", **PLACE)
    assert not data.exists()
