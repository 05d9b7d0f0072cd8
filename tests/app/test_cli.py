"""What a person reads when the server cannot start: one sentence, and no more."""

import re
from pathlib import Path

import pytest

from app.cli import checked
from tests.app.serving import PATIENCE, Server, serving, started
from tests.servers import free_port


def ended(data: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run the command to its end: its exit code, and what it wrote."""
    with started(data, arguments or ("serve",), **settings) as running:
        out, _ = running.communicate(timeout=PATIENCE)
    return running.returncode, out, (data / "log").read_text()


def is_one_sentence(ending: tuple[int, str, str], *words: str) -> bool:
    code, out, err = ending
    assert code == 1, err
    assert out == ""
    assert err.startswith("maestro: ")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    return all(word in err for word in words)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("MAESTRO_PROT", "3000", "MAESTRO_PROT"),
        ("MAESTRO_PORT", "ninety", "MAESTRO_PORT"),
        ("MAESTRO_PORT", "99999", "65535"),
        ("MAESTRO_AUTH", "nobody", "'local'"),
        ("MAESTRO_HOST", "0.0.0.0", "MAESTRO_AUTH=local"),  # noqa: S104  refused is what it must be
        ("DATABASE_URL", "nonsense", "postgresql://"),
        ("DATABASE_URL", "mysql://127.0.0.1/none", "sqlite://"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        checked()
    sentence = str(end.value.code)
    assert sentence.startswith("maestro: ")
    assert "\n" not in sentence
    assert name in sentence
    assert told in sentence


def test_a_server_with_a_wrong_setting_ends_with_one_sentence(data: Path) -> None:
    assert is_one_sentence(ended(data, MAESTRO_PROT="3000"), "MAESTRO_PROT")


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{folder}",
        "sqlite:///{folder}/log/app.db",
        "postgresql://nobody@127.0.0.1:1/none",
    ],
)
def test_a_database_that_cannot_be_opened_is_told(data: Path, url: str) -> None:
    settings = {"MAESTRO_PORT": str(free_port()), "DATABASE_URL": url.format(folder=data)}
    assert is_one_sentence(ended(data, **settings), "database")


def test_a_data_folder_that_is_none_is_told(data: Path) -> None:
    data.mkdir()
    (data / "file").touch()
    settings = {"MAESTRO_PORT": str(free_port()), "MAESTRO_DATA_DIR": str(data / "file")}
    assert is_one_sentence(ended(data, **settings), str(data / "file"))


def test_a_port_that_is_taken_is_told_and_nothing_is_touched(server: Server, data: Path) -> None:
    ending = ended(data, MAESTRO_PORT=str(server.port))
    assert is_one_sentence(ending, f"127.0.0.1:{server.port}", "MAESTRO_PORT")
    assert [file.name for file in data.iterdir()] == ["log"]


def test_the_database_can_be_brought_up_by_itself(data: Path) -> None:
    code, out, err = ended(data, "migrate")
    assert (code, out, err) == (0, "", "")
    assert (data / "app.db").exists()


def test_without_a_command_its_help_is_shown(data: Path) -> None:
    with started(data, ("--help",)) as running:
        out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert {"serve", "migrate", "doctor", "audit"} <= set(out.split())


def written(data: Path, statement: str = "") -> None:
    """Write two entries into the audit log, and then what somebody else would."""
    with serving(data) as server, server.client() as api:
        for is_enabled in (False, True):
            api.put("permissions/shell", json={"is_enabled": is_enabled}).raise_for_status()
        # A running server is no hindrance.
        assert ended(data, "audit", "verify")[0] == 0
        with server.database() as database:
            database.executescript(statement)


def test_a_whole_audit_log_is_told_with_its_head(data: Path) -> None:
    written(data)
    code, out, _ = ended(data, "audit", "verify")
    assert (code, out.count("\n"), "2 entries" in out) == (0, 1, True)
    [head] = re.findall(r"2:[0-9a-f]{64}", out)
    assert ended(data, "audit", "verify", "--expect", head)[:2] == (0, out)
    another = ended(data, "audit", "verify", "--expect", f"3:{'a' * 64}")
    assert (another[0], another[1]) == (1, "")
    assert "maestro: entry 3 of the audit log is missing" in another[2]


def test_a_forged_audit_log_is_told_in_one_sentence(data: Path) -> None:
    written(data, "DROP TRIGGER audit_entries_no_update; UPDATE audit_entries SET body = '{}' WHERE seq = 1")
    code, out, err = ended(data, "audit", "verify")
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "maestro: entry 1 of the audit log is not as it was written."


def test_an_audit_log_that_is_not_there_is_told(data: Path) -> None:
    assert is_one_sentence(ended(data, "audit", "verify"), "is not there")


def test_what_is_no_head_is_told(data: Path) -> None:
    assert is_one_sentence(ended(data, "audit", "verify", "--expect", "x"), "SEQ:HASH")


def test_the_doctor_ends_well_only_where_everything_works(data: Path) -> None:
    code, out, _ = ended(data, "doctor")
    assert code == 1
    assert "WRONG  Database" in out
    assert not (data / "app.db").exists()
    ended(data, "migrate")
    code, out, _ = ended(data, "doctor")
    assert code == ("WRONG" in out)
    assert "ok     Database" in out
    assert all(re.match(r"(ok   |note |WRONG)  \w", line) for line in out.splitlines())


FIRST, SECOND = "first-key-hVq3Zt8Lw2Nc5Rx7Bd9Kf1Mj", "second-key-Qp4Ys6Gu8Ea0Ti2Wo5Zx7Cv9"


def test_credentials_are_sealed_anew_while_the_server_runs(data: Path) -> None:
    with serving(data, MAESTRO_SECRET_KEY=f"{SECOND} {FIRST}") as server, server.client() as api:
        api.put("credentials/openai", json={"secret": "sk-1"}).raise_for_status()
        of_the_first = {"MAESTRO_SECRET_KEY": f"{FIRST} {SECOND}"}
        for anew, left in ((1, 0), (0, 1)):
            code, out, err = ended(data, "rotate", **of_the_first)
            assert (code, out) == (0, f"{anew} sealed anew, {left} under the first key already.\n"), err
        assert api.get("credentials/openai").json()["source"] == "own"
        assert "openai" in {entry["id"].partition(":")[0] for entry in api.get("models").json()}
    stranger = {"MAESTRO_SECRET_KEY": "third-key-Wm2Vn6Bc0Xz4Lk8Jh3Gf7Ds1"}
    code, out, err = ended(data, **stranger)
    told = err.splitlines()[-1]
    assert (code, out) == (1, "")
    assert told.startswith("maestro: 1 stored credentials were sealed with another key")
    assert "MAESTRO_SECRET_KEY" in told
    code, out, _ = ended(data, "rotate", **stranger)
    assert (code, out.count("cannot be opened: llm_configurations ")) == (1, 1)
    code, out, _ = ended(data, "rotate", "--forget", **stranger)
    assert (code, out.count("removed: llm_configurations ")) == (0, 1)
    assert ended(data, "migrate", **stranger)[0] == 0


def test_without_a_key_nothing_is_sealed_anew(data: Path) -> None:
    assert ended(data, "migrate")[0] == 0
    assert is_one_sentence(ended(data, "rotate"), "MAESTRO_SECRET_KEY")
