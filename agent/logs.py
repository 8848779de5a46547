"""How the agent writes its log: for people on a terminal, JSON lines otherwise."""

import contextlib
import logging
import os
import sys

import structlog


class _Lines:
    """Writes lines to standard error. A full disk or a reader that went is no reason to end."""

    def msg(self, line: str) -> None:
        """Write a line, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = exception = msg


def configure() -> None:
    """Send structlog's lines to standard error."""
    last: structlog.typing.Processor
    if sys.stderr.isatty():
        last = structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"))
    else:
        last = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _Lines(),
        cache_logger_on_first_use=True,
    )


def silence() -> None:
    """Log nothing short of a disaster: for a command that itself says what happens."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
