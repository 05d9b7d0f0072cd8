"""What is logged, and how: on standard error, lines for a person or JSON for a machine, without secrets."""

import logging
import re
import sys
from typing import Literal

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

TOKEN = re.compile(r"\b(ms[st]_)[\w-]{20,}")
"""A cookie's value or an API token."""
CHATTY = ("httpx2", "httpcore2", "alembic", "google_genai", "dbos")


def configure(form: Literal["text", "json"]) -> None:
    """Let everything that logs, ours and the libraries', take one form.

    By itself structlog draws every local variable into a traceback: keys, prompts and whole histories.
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
    out.setFormatter(Masked(foreign_pre_chain=shared, processors=[cleared, *_rendered(form)]))
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

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, credentials masked."""
        return masked(super().format(record))


def masked(text: str) -> str:
    """A text without our credentials.

    >>> masked("cookie: maestro=mss_0123456789abcdefghijklmnop")
    'cookie: maestro=mss_…'
    """
    return TOKEN.sub(r"\1…", text)
