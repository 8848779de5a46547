"""How the agent writes its log: for people on a terminal, JSON lines otherwise."""

import logging
import os
import sys

import structlog


def configure() -> None:
    """Send structlog's lines to standard error."""
    people = sys.stderr.isatty()
    last: structlog.typing.Processor
    if people:
        last = structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in os.environ)
    else:
        last = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
