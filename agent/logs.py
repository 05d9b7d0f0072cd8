"""What is logged, and how: readable lines for a person, JSON for a machine."""

import logging
import sys
from typing import Literal

import structlog
from structlog.typing import Processor


def configure(form: Literal["text", "json"]) -> None:
    """Let everything that logs, ours and the libraries', take one form on standard error."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json: list[Processor] = [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    as_text: list[Processor] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(as_json if form == "json" else as_text),
            ],
        )
    )
    logging.basicConfig(handlers=[out], level=logging.INFO, force=True)
    for chatty in ("httpx2", "httpcore2", "alembic", "google_genai"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
