"""How the log is written: to standard error, in text or JSON, without values and without credentials."""

import logging
import re
import sys
from typing import Literal

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import Processor

WITHOUT_LOCALS = ExceptionDictTransformer(show_locals=False)
TOKEN = re.compile(r"\b(ms[st]_)[\w-]{20,}")
"""A cookie's value or an API token."""


def log_plainly(form: Literal["text", "json"]) -> None:
    """Set the log up.

    By itself structlog draws every local variable into a traceback: keys, prompts and whole histories.
    """
    rendered: list[Processor] = (
        [structlog.processors.ExceptionRenderer(WITHOUT_LOCALS), structlog.processors.JSONRenderer()]
        if form == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            *rendered,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    theirs = logging.StreamHandler()
    theirs.setFormatter(Masked("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[theirs], force=True)


class Masked(logging.Formatter):
    """Masks credentials in what libraries log: Reflex names a tab's headers when an event fails."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, credentials masked."""
        return masked(super().format(record))


def masked(text: str) -> str:
    """A text without our credentials.

    >>> masked("cookie: maestro=mss_0123456789abcdefghijklmnop")
    'cookie: maestro=mss_…'
    """
    return TOKEN.sub(r"\1…", text)
