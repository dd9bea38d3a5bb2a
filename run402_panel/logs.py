"""How processes log: structlog over the standard library, one line of JSON each in production."""

from __future__ import annotations

from typing import Any

import structlog

from core.logs import hide_tokens

_SHARED: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
#: Where less is said than asked for.
QUIET = {
    # Full URLs may carry a presigned signature: the request list of an operation shows what may be shown.
    "httpx": {"level": "WARNING"},
    "httpcore": {"level": "WARNING"},
    # The beat wakes the sweeps every two seconds: three lines each time would bury what matters.
    "celery.beat": {"level": "WARNING"},
    "celery.worker.strategy": {"level": "WARNING"},
    "celery.app.trace": {"level": "WARNING"},
}


def settings(level: str, *, json: bool) -> dict[str, Any]:
    """Return Django's `LOGGING`: everything to standard error, as JSON or for people."""
    # The plain formatter: the other ones print local variables, and a worker's hold keys.
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [structlog.contextvars.merge_contextvars, *_SHARED],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            hide_tokens,
            structlog.processors.JSONRenderer() if json else console,
        ],
    }
    stderr = {"class": "logging.StreamHandler", "formatter": "panel", "filters": ["addresses"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"panel": formatter},
        "filters": {"addresses": {"()": "core.logs.HideAddresses"}},
        "handlers": {"stderr": stderr},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": QUIET,
    }


def configure() -> None:
    """Have structlog's loggers log through the standard library."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
