"""Typed settings from the environment or `.env`; no other module reads the environment."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.core.addresses import LOOPBACK, AddressFault, address_fault, is_key, mended

CLONE = Path(__file__).parent.parent
TEST_ONLY = frozenset({"MAESTRO_ACCEPTANCE_DATA"})
"""Read by the tests alone; a server started by them may inherit it."""
ADDRESS_FAULTS: dict[AddressFault, str] = {
    "no_url": "this is no address of a server; it begins with https:// or http:// and names a host",
    "user": "a name or password does not belong into the address; the key has its own setting",
    "query": "the address ends with its path; take away what follows ? or #",
    "endpoint": "this goes one step too deep; Maestro adds the end by itself",
}


class SettingsError(Exception):
    """A setting cannot be used; its text names the setting and the fix."""


class Settings(BaseSettings):
    """Everything an administrator can set; the names in upper case are the environment's."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", case_sensitive=False, str_strip_whitespace=True
    )

    maestro_host: str = "127.0.0.1"
    maestro_port: int = Field(default=3000, ge=1, le=65535)
    maestro_data_dir: Path = Field(
        default_factory=lambda: (
            CLONE / "data"
            if (CLONE / "rxconfig.py").exists()
            else Path(platformdirs.user_data_dir("maestro", appauthor=False))
        )
    )
    database_url: str = ""
    """Empty for SQLite in the data folder."""
    redis_url: str = ""
    maestro_role: Literal["all", "web", "worker"] = "all"
    maestro_lease: float = Field(default=45.0, ge=2.0, le=3600.0)
    """Seconds after which a silent worker counts as dead, and others go on with its turns."""
    maestro_auth: Literal["local", "oidc", "anonymous"] = "local"
    maestro_local_key: Literal["", "required"] = ""
    """`required`: a browser's first visit needs the key printed at start (for shared machines)."""
    maestro_public_url: str = ""
    """Where people reach the page, when that is not host and port: `https://maestro.example.org`."""
    maestro_secret_key: SecretStr = SecretStr("")
    maestro_secret_key_file: Path | None = None
    maestro_workspace_roots: str = ""
    """Folders, separated like PATH, under which a session may be given a workspace."""
    maestro_sandbox_hosts: str = ""
    """Names that commands of the shell may reach, separated by commas: `git.example.org,*.example.net`."""
    maestro_default_model: str = ""
    maestro_log: Literal["text", "json"] = "text"

    oidc_issuer: str = "https://accounts.google.com"
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    maestro_admins: str = ""
    """E-mail addresses of administrators, separated by commas; empty: who signs in first is one."""
    maestro_allowed_domains: str = ""
    """Domains of the e-mail addresses that may sign in, separated by commas; empty: all do."""
    maestro_shared_keys: Literal["everyone", "administrators", "nobody"] = "everyone"
    """Who may use the server's own keys for providers, when they have none of their own."""

    gemini_api_key: SecretStr = SecretStr("")
    google_gemini_base_url: str = ""
    google_application_credentials: str = ""
    google_cloud_project: str = ""
    google_cloud_location: str = ""
    vertex_api_key: SecretStr = SecretStr("")
    """A key of Vertex AI's express mode; without a project."""
    google_oauth_client_id: str = ""
    """Of this server's own client at Google; people then sign in there instead of pasting a key."""
    google_oauth_client_secret: SecretStr = SecretStr("")
    openai_api_key: SecretStr = SecretStr("")
    openai_base_url: str = ""
    anthropic_api_key: SecretStr = SecretStr("")
    anthropic_base_url: str = ""
    openai_compatible_base_url: str = ""
    openai_compatible_api_key: SecretStr = SecretStr("")
    openrouter_api_key: SecretStr = SecretStr("")
    mistral_api_key: SecretStr = SecretStr("")
    deepseek_api_key: SecretStr = SecretStr("")
    groq_api_key: SecretStr = SecretStr("")
    ollama_base_url: str = ""
    """Where Ollama listens: `http://127.0.0.1:11434/v1`."""

    @property
    def data_dir(self) -> Path:
        """The data folder as an absolute path."""
        return self.maestro_data_dir.expanduser().absolute()

    @property
    def database(self) -> str:
        """The database's address, with the driver we use."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / 'app.db'}"
        scheme, _, rest = self.database_url.partition("://")
        driver = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
        return f"{driver.get(scheme, scheme)}://{rest}"

    @property
    def workspace_roots(self) -> tuple[Path, ...]:
        """The folders under which a workspace may be chosen, resolved."""
        return tuple(
            Path(root).expanduser().resolve()
            for root in self.maestro_workspace_roots.split(os.pathsep)
            if root.strip()
        )

    @property
    def sandbox_hosts(self) -> tuple[str, ...]:
        """The names that commands in the sandbox may reach; none for no network at all."""
        return tuple(name for each in self.maestro_sandbox_hosts.split(",") if (name := each.strip().lower()))

    @property
    def origin(self) -> str:
        """Where people reach the page."""
        host = f"[{self.maestro_host}]" if ":" in self.maestro_host else self.maestro_host
        return self.maestro_public_url.rstrip("/") or f"http://{host}:{self.maestro_port}"


def unknown_names(names: Iterable[str]) -> list[str]:
    """Names that look like ours and are not.

    >>> unknown_names(["MAESTRO_PORT", "MAESTRO_PROT", "HOME"])
    ['MAESTRO_PROT']
    """
    known = {name.upper() for name in Settings.model_fields} | TEST_ONLY
    return sorted(name for name in names if name.upper().startswith("MAESTRO_") and name.upper() not in known)


def load() -> Settings:
    """Read and check the settings.

    Raises:
        SettingsError: a name is unknown, an address or a key is none, or two settings contradict each other.
        pydantic.ValidationError: a value is not of its type.
    """
    unknown = unknown_names([*os.environ, *dotenv_values(".env")])
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: no such setting. `.env.example` lists them all.")
    settings = Settings()
    if settings.maestro_auth != "local":
        raise SettingsError(
            f"MAESTRO_AUTH={settings.maestro_auth} is not built yet; this version knows "
            "MAESTRO_AUTH=local only."
        )
    if not settings.database.startswith(("sqlite://", "postgresql+psycopg://")):
        raise SettingsError("DATABASE_URL: a database's address begins with sqlite:// or postgresql://.")
    if settings.maestro_auth == "local":
        _check_local(settings)
    _check_providers(settings)
    if settings.maestro_role != "all" and not (
        settings.redis_url and settings.database_url.startswith("postgres")
    ):
        raise SettingsError(
            f"MAESTRO_ROLE={settings.maestro_role} means several processes: they share a PostgreSQL database "
            "(DATABASE_URL) and speak with each other over Redis (REDIS_URL)."
        )
    return settings


def _check_providers(settings: Settings) -> None:
    """What is written wrong is told before somebody waits for a provider; never with the key itself."""
    for name in Settings.model_fields:
        value: object = getattr(settings, name)
        if name.endswith("_base_url") and isinstance(value, str) and value:
            _check_address(name.upper(), value)
        elif name.endswith("_api_key") and isinstance(value, SecretStr) and value:
            _check_key(name.upper(), value.get_secret_value())


def _check_address(name: str, address: str) -> None:
    fault = address_fault(address)
    if fault is not None:
        meant = mended(address)
        raise SettingsError(f"{name}: {ADDRESS_FAULTS[fault]}." + (f" Try {name}={meant}" if meant else ""))


def _check_key(name: str, key: str) -> None:
    if not is_key(key):
        raise SettingsError(
            f"{name}: a key is one word of plain letters, digits and signs; this one holds a space, "
            "a line break or something else. Copy it once more."
        )


def _check_local(settings: Settings) -> None:
    """In local mode whoever reaches the page is its owner, so only this machine may reach it."""
    public = urlsplit(settings.maestro_public_url).hostname
    for name, host in (("MAESTRO_HOST", settings.maestro_host), ("MAESTRO_PUBLIC_URL", public)):
        if host and host not in LOOPBACK:
            raise SettingsError(
                f"{name} opens the server to other machines ({host}) while MAESTRO_AUTH=local signs "
                "everybody in as its owner. Use 127.0.0.1."
            )


@cache
def settings() -> Settings:
    """The settings of this server, read once."""
    return load()
