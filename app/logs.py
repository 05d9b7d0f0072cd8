"""How the log is written: to standard error, in text or JSON, with tracebacks that show no values."""

import sys
from typing import Literal

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.types import Processor

WITHOUT_LOCALS = ExceptionDictTransformer(show_locals=False)


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
