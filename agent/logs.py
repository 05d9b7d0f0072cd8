"""What is logged, and how: on standard error, lines for a person or JSON for a machine, without secrets."""

import base64
import json
import logging
import re
import sys
from collections.abc import Collection
from typing import Any, Literal
from urllib.parse import quote

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

OURS = ("mss_", "mst_", "msd_", "msa_")
"""How a cookie's value, an API token, a device code and a state begin."""
BEGINNINGS = (
    *OURS,
    "sk-",
    "AIza",
    "ya29.",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "github_pat_",
    "xoxb-",
    "xoxp-",
    "xoxa-",
)
"""How secrets begin that anybody can tell from other words; first ours, then those of providers."""
IN_BASE64 = (*OURS, "sk-ant-", "AIza", "ya29.")
LEAST = 8
"""Letters of a setting's secret; a shorter one would be found in other words."""
CHATTY = ("httpx2", "httpcore2", "alembic", "google_genai", "dbos")


def configure(form: Literal["text", "json"], secrets: Collection[str] = ()) -> None:
    """Let everything that logs, ours and the libraries', take one form.

    By itself structlog draws every local variable into a traceback: keys, prompts and whole histories.

    Args:
        form: lines for a person, or JSON for a machine.
        secrets: words that are written nowhere, however they are encoded.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    out = logging.StreamHandler(sys.stderr)
    cleared = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    out.setFormatter(Masked(secrets, foreign_pre_chain=shared, processors=[cleared, *_rendered(form)]))
    logging.basicConfig(handlers=[out], level=logging.INFO, force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _rendered(form: Literal["text", "json"]) -> list[Processor]:
    if form == "json":
        without_locals = ExceptionDictTransformer(show_locals=False)
        return [
            structlog.processors.ExceptionRenderer(without_locals),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]


class Masked(structlog.stdlib.ProcessorFormatter):
    """Masks credentials in whatever is logged: Reflex names a tab's headers when an event fails."""

    def __init__(self, secrets: Collection[str], **rest: Any) -> None:
        super().__init__(**rest)
        self._known = _known(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, credentials masked."""
        line = super().format(record)
        return masked(self._known.sub("…", line) if self._known else line)


def masked(text: str) -> str:
    """A text without what looks like a credential, plain, in a URL or in base64.

    >>> masked("cookie: maestro=mss_0123456789abcdefghijklmnop")
    'cookie: maestro=mss_…'
    >>> masked("authorization: Bearer abc.def")
    'authorization: Bearer …'
    """
    return SECRET.sub(lambda found: (found["kept"] or found["word"] or "") + "…", text)


def _within_base64(word: str) -> list[str]:
    """How base64 writes a word, wherever in the encoded text it stands.

    >>> _within_base64("mst_")
    ['bXN0X', '1zdF', 'tc3Rf']
    """
    found: list[str] = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + word.encode()).decode().rstrip("=")
        whole = (before + len(word)) * 8 // 6
        found.append(encoded[-(-before * 8 // 6) : whole])
    return found


def _known(secrets: Collection[str]) -> re.Pattern[str] | None:
    """What finds these words as they are, in a URL, in JSON and in base64."""
    forms: set[str] = set()
    for secret in secrets:
        if len(secret) >= LEAST:
            forms |= {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], *_within_base64(secret)}
    longest_first = sorted(map(re.escape, forms), key=len, reverse=True)
    return re.compile("|".join(longest_first)) if forms else None


def _secret() -> re.Pattern[str]:
    words = "|".join(re.escape(each).replace("_", "(?:_|%5[Ff])") for each in BEGINNINGS)
    encoded = "|".join(re.escape(each) for word in IN_BASE64 for each in _within_base64(word))
    return re.compile(
        rf"(?<![A-Za-z0-9])(?P<word>{words})(?:[\w.-]|%[0-9A-Fa-f]{{2}}){{16,}}"
        r"|(?P<kept>(?i:authorization)[\"']*\s*[:=,]\s*b?[\"']*(?:(?i:bearer|basic)\s+)?)[^\s\"',;)\]}]+"
        r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
        rf"|[A-Za-z0-9+/_-]*(?:{encoded})[A-Za-z0-9+/_-]{{20,}}=*",
        re.DOTALL,
    )


SECRET = _secret()
"""What looks like a credential."""
