import os
from pathlib import Path
from typing import Literal

import platformdirs
import pytest
from pydantic import SecretStr, ValidationError

from agent import config
from agent.config import CLONE, Settings, SettingsError, load, settings, unknown_names

VALUES = {
    "MAESTRO_HOST": "localhost",
    "MAESTRO_PORT": "4000",
    "MAESTRO_DATA_DIR": "/srv/maestro",
    "DATABASE_URL": "postgresql://localhost/maestro",
    "REDIS_URL": "redis://localhost",
    "MAESTRO_ROLE": "web",
    "MAESTRO_LEASE": "60.0",
    "MAESTRO_AUTH": "anonymous",
    "MAESTRO_LOCAL_KEY": "required",
    "MAESTRO_PUBLIC_URL": "https://maestro.example.org",
    "MAESTRO_SECRET_KEY": "sesame",
    "MAESTRO_SECRET_KEY_FILE": "/run/secrets/key",
    "MAESTRO_WORKSPACE_ROOTS": "/srv/a",
    "MAESTRO_SANDBOX_HOSTS": "git.example.org",
    "MAESTRO_DEFAULT_MODEL": "demo:scripted",
    "MAESTRO_LOG": "json",
    "OIDC_ISSUER": "https://login.example.org",
    "OIDC_CLIENT_ID": "id",
    "OIDC_CLIENT_SECRET": "secret",
    "MAESTRO_ADMINS": "ada@example.org",
    "MAESTRO_ALLOWED_DOMAINS": "example.org",
    "MAESTRO_SHARED_KEYS": "nobody",
    "MAESTRO_TRUSTED_PROXIES": "10.0.0.0/8",
    "MAESTRO_LIMITS": "off",
    "GEMINI_API_KEY": "g",
    "GOOGLE_GEMINI_BASE_URL": "http://localhost/gemini",
    "GOOGLE_APPLICATION_CREDENTIALS": "/run/secrets/google",
    "GOOGLE_CLOUD_PROJECT": "project",
    "GOOGLE_CLOUD_LOCATION": "europe-west1",
    "VERTEX_API_KEY": "v",
    "GOOGLE_OAUTH_CLIENT_ID": "client",
    "GOOGLE_OAUTH_CLIENT_SECRET": "client-secret",
    "OPENAI_API_KEY": "o",
    "OPENAI_BASE_URL": "http://localhost/openai",
    "ANTHROPIC_API_KEY": "a",
    "ANTHROPIC_BASE_URL": "http://localhost/anthropic",
    "OPENAI_COMPATIBLE_BASE_URL": "http://localhost/v1",
    "OPENAI_COMPATIBLE_API_KEY": "c",
    "OPENROUTER_API_KEY": "or",
    "MISTRAL_API_KEY": "m",
    "DEEPSEEK_API_KEY": "d",
    "GROQ_API_KEY": "gr",
    "OLLAMA_BASE_URL": "http://localhost:11434/v1",
}


def plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def test_these_are_all_settings_there_are() -> None:
    assert {name.upper() for name in Settings.model_fields} == set(VALUES)


def test_every_setting_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    read = Settings()
    assert {name: plain(getattr(read, name.lower())) for name in VALUES} == VALUES


def test_every_setting_is_read_from_the_file_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in VALUES.items()))
    monkeypatch.setenv("MAESTRO_PORT", "5000")
    read = Settings()
    assert {name: plain(getattr(read, name.lower())) for name in VALUES} == {**VALUES, "MAESTRO_PORT": "5000"}


def test_without_settings_it_serves_this_machine_alone() -> None:
    read = load()
    assert (read.origin, read.maestro_auth) == ("http://127.0.0.1:3000", "local")
    assert read.data_dir == CLONE / "data"
    assert read.database == f"sqlite:///{CLONE / 'data' / 'app.db'}"


def test_an_installed_server_keeps_its_data_where_the_platform_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config, "CLONE", tmp_path)
    assert load().data_dir == Path(platformdirs.user_data_dir("maestro", appauthor=False))


@pytest.mark.parametrize("name", ["MAESTRO_PROT", "maestro_prot", "MAESTRO_"])
def test_an_unknown_name_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=name):
        load()
    monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(f"{name}=1\n")
    with pytest.raises(SettingsError, match=name):
        load()


def test_names_that_are_not_ours_are_nobodys_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTROS", "1")
    monkeypatch.setenv("MAESTRO_ACCEPTANCE_DATA", "/nowhere")
    assert load() == load()
    assert unknown_names(["HOME", "maestro_port", "MAESTRO_X", "MAESTRO_A"]) == ["MAESTRO_A", "MAESTRO_X"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAESTRO_PORT", "0"),
        ("MAESTRO_PORT", "65536"),
        ("MAESTRO_PORT", "http"),
        ("MAESTRO_ROLE", "king"),
        ("MAESTRO_AUTH", "none"),
        ("MAESTRO_LOG", "xml"),
        ("MAESTRO_LOCAL_KEY", "yes"),
        ("MAESTRO_LEASE", "1.9"),
        ("MAESTRO_LEASE", "3601"),
        ("MAESTRO_LEASE", "nan"),
    ],
)
def test_a_wrong_value_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        load()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "maestro.example.org"])  # noqa: S104
def test_local_mode_is_refused_where_others_can_reach_it(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_HOST", host)
    with pytest.raises(SettingsError, match=r"MAESTRO_HOST.*MAESTRO_AUTH"):
        load()


def test_local_mode_is_refused_behind_a_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_PUBLIC_URL", "https://maestro.example.org")
    with pytest.raises(SettingsError, match=r"MAESTRO_PUBLIC_URL.*MAESTRO_AUTH"):
        load()
    monkeypatch.setenv("MAESTRO_PUBLIC_URL", "http://localhost:8080")
    assert load().origin == "http://localhost:8080"


@pytest.mark.parametrize("url", ["mysql://a/b", "nonsense"])
def test_another_database_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        load()


ADDRESSES = [name for name in VALUES if name.endswith("_BASE_URL")]
KEYS = [name for name in VALUES if name.endswith("_API_KEY")]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    ("address", "fix"),
    [
        ("models.example.org/v1", "https://"),
        ("https://me:sesame@models.example.org/v1", "=https://models.example.org/v1"),
        ("https://models.example.org/v1?key=sesame", "=https://models.example.org/v1"),
        ("https://models.example.org/v1/chat/completions", "=https://models.example.org/v1"),
    ],
)
def test_an_address_that_is_none_is_refused_with_the_fix(
    name: str, address: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(SettingsError) as refused:
        load()
    assert str(refused.value).startswith(f"{name}: ")
    assert fix in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("key", ["sesame open", "sesame\nopen", "sesame\u200b", "sésame"])
def test_a_key_of_two_words_is_refused_and_not_printed(
    name: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, key)
    with pytest.raises(SettingsError, match=f"^{name}: .*Copy it") as refused:
        load()
    assert key not in str(refused.value)
    assert "sesame" not in str(refused.value)


def test_white_space_around_a_setting_is_nobody_s_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", " sk-1\r\n")
    monkeypatch.setenv("OPENAI_BASE_URL", " https://models.example.org/v1\r")
    read = load()
    assert read.openai_api_key.get_secret_value() == "sk-1"
    assert read.openai_base_url == "https://models.example.org/v1"


def test_several_processes_need_what_they_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_ROLE", "worker")
    with pytest.raises(SettingsError, match="MAESTRO_ROLE=worker"):
        load()


STRONG = "mZ8sQ1vX4yR7uT2wK9pL6nB3cD5fG0hJ"
OIDC = {
    "MAESTRO_AUTH": "oidc",
    "MAESTRO_HOST": "0.0.0.0",  # noqa: S104  as in a container
    "MAESTRO_PUBLIC_URL": "https://maestro.example.org",
    "OIDC_CLIENT_ID": "id",
    "OIDC_CLIENT_SECRET": "secret",
    "MAESTRO_SECRET_KEY": STRONG,
}
"""A server where people sign in."""


def told(monkeypatch: pytest.MonkeyPatch, **changed: str) -> str:
    """What is said of settings that cannot be used; an empty value leaves one out."""
    for name, value in {**OIDC, **changed}.items():
        monkeypatch.delenv(name, raising=False)
        if value:
            monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load()
    return str(refused.value)


def test_people_can_sign_in_with_what_that_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in OIDC.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MAESTRO_ADMINS", "Ada@example.org, b@example.org")
    monkeypatch.setenv("MAESTRO_ALLOWED_DOMAINS", "Example.org,example.com")
    read = load()
    assert (read.maestro_auth, read.has_issuer) == ("oidc", True)
    assert read.admins == {"ada@example.org", "b@example.org"}
    assert read.allowed_domains == {"example.org", "example.com"}


def test_an_issuer_that_is_not_google_may_have_clients_without_a_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    public = {**OIDC, "OIDC_ISSUER": "https://login.example.org", "OIDC_CLIENT_SECRET": ""}
    for name, value in public.items():
        monkeypatch.setenv(name, value)
    assert load().has_issuer


@pytest.mark.parametrize(
    ("changed", "named", "fix"),
    [
        ({"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID", "https://maestro.example.org/auth/callback"),
        ({"OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_SECRET", "https://console.cloud.google.com"),
        ({"MAESTRO_SECRET_KEY": ""}, "MAESTRO_SECRET_KEY", "openssl rand"),
        ({"MAESTRO_SECRET_KEY": "short"}, "MAESTRO_SECRET_KEY", "openssl rand"),
        ({"MAESTRO_SECRET_KEY": "x" * 64}, "MAESTRO_SECRET_KEY", "openssl rand"),
        ({"MAESTRO_SECRET_KEY": "change-me-" + STRONG}, "MAESTRO_SECRET_KEY", "openssl rand"),
        ({"MAESTRO_SECRET_KEY": f"{STRONG} short"}, "MAESTRO_SECRET_KEY", "openssl rand"),
        ({"MAESTRO_PUBLIC_URL": "http://maestro.example.org"}, "MAESTRO_PUBLIC_URL", "https://"),
        ({"MAESTRO_PUBLIC_URL": ""}, "MAESTRO_PUBLIC_URL", "https://"),
        (
            {"MAESTRO_PUBLIC_URL": "https://maestro.example.org/maestro"},
            "MAESTRO_PUBLIC_URL",
            "without a path",
        ),
        ({"OIDC_ISSUER": "http://login.example.org"}, "OIDC_ISSUER", "https://"),
        ({"OIDC_ISSUER": "login.example.org"}, "OIDC_ISSUER", "https://"),
        ({"MAESTRO_ALLOWED_DOMAINS": "@example.org"}, "MAESTRO_ALLOWED_DOMAINS", "example.org"),
        ({"MAESTRO_ADMINS": "ada"}, "MAESTRO_ADMINS", "e-mail"),
        ({"MAESTRO_AUTH": "anonymous", "MAESTRO_SECRET_KEY": ""}, "MAESTRO_SECRET_KEY", "openssl rand"),
        ({"MAESTRO_AUTH": "anonymous", "MAESTRO_PUBLIC_URL": ""}, "MAESTRO_PUBLIC_URL", "https://"),
    ],
)
def test_what_would_leave_people_in_the_open_is_refused(
    changed: dict[str, str], named: str, fix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told(monkeypatch, **changed)
    assert named in said
    assert fix in said
    assert STRONG not in said


def test_this_machine_needs_no_https(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**OIDC, "MAESTRO_HOST": "127.0.0.1", "MAESTRO_PUBLIC_URL": ""}.items():
        monkeypatch.setenv(name, value)
    assert load().origin == "http://127.0.0.1:3000"


def test_guests_need_no_issuer_and_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_AUTH", "anonymous")
    assert not load().has_issuer


def test_a_secret_key_may_lie_in_a_file_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key"
    of_file = {"MAESTRO_SECRET_KEY": "", "MAESTRO_SECRET_KEY_FILE": str(file)}
    assert "cannot be read" in told(monkeypatch, **of_file)
    file.write_text(STRONG + "\n")
    file.chmod(0o640)
    assert "chmod 600" in told(monkeypatch, **of_file)
    file.chmod(0o600)
    assert load().has_issuer
    file.write_text("\n")
    assert "is empty" in told(monkeypatch, **of_file)
    if os.geteuid() == 0:
        file.write_text(STRONG)
        os.chown(file, 65534, -1)
        assert "chown" in told(monkeypatch, **of_file)


def test_a_weak_key_is_refused_on_this_machine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_SECRET_KEY", "sesame")
    with pytest.raises(SettingsError, match="MAESTRO_SECRET_KEY"):
        load()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgres://a@b/c", "postgresql+psycopg://a@b/c"),
        ("postgresql://a@b/c", "postgresql+psycopg://a@b/c"),
        ("postgresql+psycopg://a@b/c", "postgresql+psycopg://a@b/c"),
        ("sqlite:////srv/app.db", "sqlite:////srv/app.db"),
    ],
)
def test_a_database_is_reached_with_our_driver(written: str, read: str) -> None:
    assert Settings(database_url=written).database == read


def test_an_origin_is_what_people_type() -> None:
    assert Settings(maestro_host="::1", maestro_port=1).origin == "http://[::1]:1"
    assert Settings(maestro_public_url="https://maestro.example.org/").origin == "https://maestro.example.org"


def test_roots_are_folders_separated_like_a_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    roots = os.pathsep.join([str(tmp_path / "link"), "", "~"])
    assert Settings(maestro_workspace_roots=roots).workspace_roots == (
        tmp_path / "real",
        Path.home().resolve(),
    )


def test_no_secret_is_shown() -> None:
    secret = Settings(openai_api_key=SecretStr("sesame"), maestro_secret_key=SecretStr("sesame"))
    assert "sesame" not in repr(secret)


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings()
    monkeypatch.setenv("MAESTRO_PORT", "4000")
    assert settings() is before


def test_the_example_lists_every_setting_with_a_value_that_is_read() -> None:
    lines = (CLONE / ".env.example").read_text("utf-8").splitlines()
    named = {line.removeprefix("# ").partition("=")[0] for line in lines if "=" in line.partition(" ")[2]}
    assert set(VALUES) <= named


@pytest.mark.parametrize(
    ("limits", "auth", "is_limited"),
    [("", "local", False), ("", "anonymous", True), ("on", "local", True), ("off", "anonymous", False)],
)
def test_only_the_owner_of_a_machine_asks_as_often_as_they_like(
    limits: Literal["", "on", "off"], auth: Literal["local", "anonymous"], *, is_limited: bool
) -> None:
    assert Settings(maestro_limits=limits, maestro_auth=auth).is_limited is is_limited


@pytest.mark.parametrize("proxies", ["everybody", "10.0.0.1/8", "10.0.0.0/8;10.1.0.0/16", "300.0.0.1"])
def test_a_proxy_that_is_no_address_is_refused(proxies: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAESTRO_TRUSTED_PROXIES", proxies)
    with pytest.raises(SettingsError, match="MAESTRO_TRUSTED_PROXIES"):
        load()


def test_every_secret_is_known_by_its_word() -> None:
    settings = Settings(
        openai_api_key=SecretStr("sk-of-mine"),
        maestro_secret_key=SecretStr("seals"),
        database_url="postgresql://maestro:p%40ss@db/maestro",
        redis_url="redis://:hush@cache/0",
    )
    assert {*settings.secrets} == {"sk-of-mine", "seals", "p@ss", "hush"}
