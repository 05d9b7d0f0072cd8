"""Credentials at rest: AES-256-GCM, bound to their place, under keys that can be replaced.

A sealed value is version (1 byte), key id (4), nonce (12), ciphertext and tag. What it was sealed for
(table, row, user, field) is authenticated with it: in another person's row it does not open.

A key comes from MAESTRO_SECRET_KEY or the file MAESTRO_SECRET_KEY_FILE. Several may stand there, separated
by white space or commas: the first seals, all of them open. In local mode, where nothing is set, a key is
made in the data folder when something is first sealed.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from agent.config import Settings, settings
from agent.core.errors import Unavailable
from agent.store.engine import is_open, read
from agent.store.sealed import heads

FILE = "secret-key"
"""In the data folder."""
SHORTEST_KEY = 32
"""Characters; shorter ones can be guessed."""

_VERSION = b"\x01"
_ID_SIZE, _NONCE_SIZE, _TAG_SIZE = 4, 12, 16
_HEAD = len(_VERSION) + _ID_SIZE

logger = structlog.get_logger()


class Place(NamedTuple):
    """Where a sealed value stands, and whose it is."""

    table: str
    row: str
    user: str
    field: str


def seal(plain: bytes, *, table: str, row: str, user: str, field: str) -> bytes:
    """Seal a value for one place. It may read or make a file: call it in a thread.

    Raises:
        Unavailable: there is no key, or it cannot be used.
    """
    key_id, cipher = next(iter(_keys(may_make=True).items()))
    nonce = secrets.token_bytes(_NONCE_SIZE)
    head = _VERSION + key_id
    return head + nonce + cipher.encrypt(nonce, plain, _bound(head, Place(table, row, user, field)))


def unseal(sealed: bytes, *, table: str, row: str, user: str, field: str) -> bytes:
    """The value that was sealed for this place.

    Raises:
        Unavailable: its key is not there, it was sealed for another place, or it was changed.
    """
    if sealed[:1] != _VERSION or len(sealed) < _HEAD + _NONCE_SIZE + _TAG_SIZE:
        raise Unavailable("sealed_damaged", table=table, row=row)
    head, nonce = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE_SIZE]
    cipher = _keys(may_make=False).get(head[1:])
    if cipher is None:
        raise Unavailable("sealed_by_another_key", table=table, row=row)
    try:
        return cipher.decrypt(
            nonce, sealed[_HEAD + _NONCE_SIZE :], _bound(head, Place(table, row, user, field))
        )
    except InvalidTag:
        raise Unavailable("sealed_damaged", table=table, row=row) from None


def is_stale(sealed: bytes) -> bool:
    """Whether a newer key is to seal it anew."""
    return sealed[:_HEAD] != next(iter(key_heads()), b"")


def key_heads() -> list[bytes]:
    """How values begin that the keys open which are there, the one first that seals.

    Raises:
        Unavailable: a key cannot be used.
    """
    return [_VERSION + key_id for key_id in _keys(may_make=False)]


def _bound(head: bytes, place: Place) -> bytes:
    return head + json.dumps(place).encode()


def _keys(*, may_make: bool) -> dict[bytes, AESGCM]:
    """The ciphers by their keys' ids, the one that seals first."""
    found = settings()
    text, source = _text(found, may_make=may_make)
    words = text.replace(",", " ").split()
    if any(len(word) < SHORTEST_KEY for word in words):
        raise Unavailable("secret_key_short", source=source, least=SHORTEST_KEY)
    if not words and may_make:
        raise Unavailable("secret_key_missing")
    return _ciphers(tuple(words))


def _text(found: Settings, *, may_make: bool) -> tuple[str, str]:
    """The keys as they are written, and where."""
    if given := found.maestro_secret_key.get_secret_value():
        return given, "MAESTRO_SECRET_KEY"
    if found.maestro_secret_key_file is not None:
        file = found.maestro_secret_key_file.expanduser()
        return _read(file, _absent), str(file)
    file = found.data_dir / FILE
    # Others of several processes would not find what one of them makes.
    makes = may_make and found.maestro_auth == "local"
    return _read(file, _make if makes else lambda _: ""), str(file)


def _read(file: Path, without: Callable[[Path], str]) -> str:
    try:
        if file.stat().st_mode & 0o077:
            raise Unavailable("secret_key_open", file=str(file))
        return file.read_text("utf-8")
    except FileNotFoundError:
        return without(file)
    except (OSError, UnicodeError) as error:
        raise Unavailable("secret_key_unreadable", file=str(file)) from error


def _absent(file: Path) -> str:
    raise Unavailable("secret_key_unreadable", file=str(file))


def _make(file: Path) -> str:
    """Make a key in a new file, whole from the first moment; another process may be doing the same.

    Where something is sealed already its key is lost, and must not be replaced as if it had never been.
    """
    if is_open() and (lost := read(heads).total()):
        raise Unavailable("secret_key_gone", count=lost)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(secrets.token_urlsafe(32) + "\n")
            opened.flush()
            os.fsync(opened.fileno())
        with suppress(FileExistsError):
            file.hardlink_to(draft)
            logger.info("made a key for credentials; without it they cannot be read", file=str(file))
    finally:
        draft.unlink()
    return file.read_text("utf-8")


@lru_cache(maxsize=4)
def _ciphers(words: tuple[str, ...]) -> dict[bytes, AESGCM]:
    return {_derived(word, b"key id", _ID_SIZE): AESGCM(_derived(word, b"credentials", 32)) for word in words}


def _derived(key: str, use: bytes, size: int) -> bytes:
    # The text may be of any length and encoding; its hash is as strong as it is.
    secret = hashlib.sha256(key.encode()).digest()
    return HKDF(hashes.SHA256(), size, None, b"maestro sealing v1: " + use).derive(secret)
