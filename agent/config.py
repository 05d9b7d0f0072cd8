"""Typed settings from the environment or `.env`; no other module reads the environment."""

import os
import re
from collections.abc import Iterable
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import platformdirs
from dotenv import dotenv_values
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.core.addresses import LOOPBACK, AddressFault, address_fault, is_key, is_private, mended
from agent.core.key_strength import SHORTEST, Weakness, weakness

CLONE = Path(__file__).parent.parent
TEST_ONLY = frozenset({"MAESTRO_ACCEPTANCE_DATA"})
"""Read by the tests alone; a server started by them may inherit it."""
ADDRESS_FAULTS: dict[AddressFault, str] = {
    "no_url": "this is no address of a server; it begins with https:// or http:// and names a host",
    "user": "a name or password does not belong into the address; the key has its own setting",
    "query": "the address ends with its path; take away what follows ? or #",
    "endpoint": "this goes one step too deep; Maestro adds the end by itself",
}

GOOGLE = "https://accounts.google.com"
WEAKNESSES: dict[Weakness, str] = {
    "short": f"a key of fewer than {SHORTEST} characters can be guessed",
    "example": "this key stands in somebody's documentation, or is easily typed",
    "repeated": "this key says the same again and again",
}
NEW_KEY = "Make one with `openssl rand -base64 32`, and keep it: without it nothing can be opened again."


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
    maestro_trusted_proxies: str = ""
    """Addresses or networks of proxies whose word for a client's address is taken, separated by commas."""
    maestro_limits: Literal["", "on", "off"] = ""
    """Whether requests are counted and too many refused; empty: they are, but in local mode."""
    maestro_log: Literal["text", "json"] = "text"

    oidc_issuer: str = GOOGLE
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
    def secrets(self) -> tuple[str, ...]:
        """Every word in here that nobody may read, also those in addresses."""
        fields: list[object] = [getattr(self, name) for name in type(self).model_fields]
        told = [each.get_secret_value() for each in fields if isinstance(each, SecretStr)]
        passwords = [unquote(urlsplit(url).password or "") for url in (self.database_url, self.redis_url)]
        return tuple(word for word in (*told, *passwords) if word)

    @property
    def is_limited(self) -> bool:
        """Whether requests and prompts are counted, and too many of them refused."""
        return self.maestro_limits == "on" or (self.maestro_limits == "" and self.maestro_auth != "local")

    @property
    def trusted_proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the proxies whose word for a client's address is taken."""
        return tuple(
            ip_network(each.strip()) for each in self.maestro_trusted_proxies.split(",") if each.strip()
        )

    @property
    def admins(self) -> frozenset[str]:
        """The e-mail addresses of administrators, in lower case."""
        return _listed(self.maestro_admins)

    @property
    def allowed_domains(self) -> frozenset[str]:
        """The domains whose people may sign in, in lower case; none for all."""
        return _listed(self.maestro_allowed_domains)

    @property
    def has_issuer(self) -> bool:
        """Whether people can sign in at an issuer."""
        return self.maestro_auth != "local" and bool(self.oidc_client_id)

    @property
    def origin(self) -> str:
        """Where people reach the page."""
        host = f"[{self.maestro_host}]" if ":" in self.maestro_host else self.maestro_host
        return self.maestro_public_url.rstrip("/") or f"http://{host}:{self.maestro_port}"


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.replace(",", " ").lower().split())


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
    if not settings.database.startswith(("sqlite://", "postgresql+psycopg://")):
        raise SettingsError("DATABASE_URL: a database's address begins with sqlite:// or postgresql://.")
    if settings.maestro_auth == "local":
        _check_local(settings)
    if settings.maestro_auth == "oidc" or settings.has_issuer:
        _check_issuer(settings)
        _check_people(settings)
    if settings.maestro_auth != "local":
        _check_public(settings)
    _check_secret_key(settings)
    _check_providers(settings)
    _check_proxies(settings)
    if settings.maestro_role != "all" and not (
        settings.redis_url and settings.database_url.startswith("postgres")
    ):
        raise SettingsError(
            f"MAESTRO_ROLE={settings.maestro_role} means several processes: they share a PostgreSQL database "
            "(DATABASE_URL) and speak with each other over Redis (REDIS_URL)."
        )
    return settings


def _check_issuer(settings: Settings) -> None:
    """People sign in elsewhere and come back: we must be known there, and nobody may listen."""
    if not settings.oidc_client_id:
        raise SettingsError(
            "OIDC_CLIENT_ID is missing: MAESTRO_AUTH=oidc needs a client at the issuer "
            f"({settings.oidc_issuer}). Register one there with the redirect address "
            f"{settings.origin}/auth/callback and set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET."
        )
    if settings.oidc_issuer == GOOGLE and not settings.oidc_client_secret:
        raise SettingsError(
            "OIDC_CLIENT_SECRET is missing: Google gives none of its clients a sign-in without it. It stands "
            "beside the client's id, at https://console.cloud.google.com/apis/credentials."
        )
    fault = address_fault(settings.oidc_issuer)
    if fault is not None or not is_private(settings.oidc_issuer):
        told = ADDRESS_FAULTS[fault] if fault else "it begins with https://"
        raise SettingsError(f"OIDC_ISSUER cannot be used: {told}.")
    if not settings.maestro_secret_key and settings.maestro_secret_key_file is None:
        raise SettingsError(
            "MAESTRO_SECRET_KEY is missing: what people entrust to this server is sealed with it. "
            f"{NEW_KEY} Or name a file with it in MAESTRO_SECRET_KEY_FILE."
        )


def _check_people(settings: Settings) -> None:
    """A name that is none would let in nobody, or everybody."""
    for domain in settings.allowed_domains:
        if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain):
            raise SettingsError(f"MAESTRO_ALLOWED_DOMAINS: {domain} is no domain. Write example.org.")
    for email in settings.admins:
        if not re.fullmatch(r"[^@]+@[^@]+", email):
            raise SettingsError(f"MAESTRO_ADMINS: {email} is no e-mail address.")


def _check_secret_key(settings: Settings) -> None:
    """A key that can be guessed, or read by others, seals nothing."""
    file = settings.maestro_secret_key_file
    if text := settings.maestro_secret_key.get_secret_value():
        name = "MAESTRO_SECRET_KEY"
    elif file is not None:
        name, text = "MAESTRO_SECRET_KEY_FILE", _private_text(file.expanduser())
    else:
        return
    keys = text.replace(",", " ").split()
    if not keys:
        raise SettingsError(f"{name}: {file} is empty. {NEW_KEY}")
    for key in keys:
        if fault := weakness(key):
            raise SettingsError(f"{name}: {WEAKNESSES[fault]}. {NEW_KEY}")


def _private_text(file: Path) -> str:
    try:
        found, text = file.stat(), file.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise SettingsError(f"MAESTRO_SECRET_KEY_FILE: {file} cannot be read.") from error
    if found.st_mode & 0o077:
        raise SettingsError(f"MAESTRO_SECRET_KEY_FILE: others can read {file}. Make it private: chmod 600.")
    if found.st_uid != os.geteuid():
        raise SettingsError(
            f"MAESTRO_SECRET_KEY_FILE: {file} belongs to somebody else, who can change it. Make it your own: "
            "chown."
        )
    return text


def _check_public(settings: Settings) -> None:
    """What people send must not be read on the way."""
    if address_fault(settings.origin) is not None or urlsplit(settings.origin).path:
        raise SettingsError(
            f"MAESTRO_PUBLIC_URL={settings.maestro_public_url} is no origin. Write it like "
            "https://maestro.example.org: without a path, ? or #."
        )
    if not is_private(settings.origin):
        raise SettingsError(
            f"MAESTRO_AUTH={settings.maestro_auth} on {settings.origin} would send cookies in the open. "
            "Put a server with https in front and set MAESTRO_PUBLIC_URL=https://…"
        )


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


def _check_proxies(settings: Settings) -> None:
    try:
        _ = settings.trusted_proxies
    except ValueError as error:
        raise SettingsError(
            f"MAESTRO_TRUSTED_PROXIES: {error}. Write addresses or networks: 10.0.0.7,10.1.0.0/16"
        ) from error


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
