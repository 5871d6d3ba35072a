"""Structured logs on standard error: for people in a terminal, JSON lines elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any, Final

import structlog

from monitor.console import describe, escaped, strict_json
from monitor.settings import LogSettings

_PRIORITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "exception": 3}
"""Of syslog, by method; systemd's journal takes them from a line's beginning (sd-daemon(3))."""


def _trace(exc_info: structlog.typing.ExcInfo) -> str:
    """Show where an error came from: neither the values of variables nor what it may quote."""

    def parts(error: BaseException | None) -> Iterator[str]:
        if error is not None:
            yield from parts(error.__cause__ or error.__context__)
            yield from traceback.format_tb(error.__traceback__)
            yield f"{describe(error)}\n"

    return "".join(parts(exc_info[1])).rstrip()


def _json(event: object, **options: Any) -> str:  # noqa: ANN401  (json.dumps's)
    """Write an event as JSON: text as it is, but for what would steer a terminal it is read in."""
    return escaped(strict_json(event, ensure_ascii=False, **options))


def _visible(
    _: structlog.typing.WrappedLogger, __: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Show people what would steer their terminal; names and reasons come from strangers."""
    return {k: escaped(v) if isinstance(v, str) else v for k, v in event.items()}


def _in_journal() -> bool:
    """Whether standard error is systemd's journal (systemd.exec(5), $JOURNAL_STREAM)."""
    found = os.fstat(sys.stderr.fileno())
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _for_journal(render: structlog.typing.Processor) -> structlog.typing.Processor:
    """Have the journal know each line's level, so that ``journalctl -p warning`` finds it."""

    def rendered(
        logger: structlog.typing.WrappedLogger, method: str, event: structlog.typing.EventDict
    ) -> str:
        return f"<{_PRIORITIES.get(method, 6)}>{render(logger, method, event)!s}"

    return rendered


def configure(settings: LogSettings) -> None:
    """Set up structlog once, at the start of the process."""
    pretty = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
        if pretty
        else structlog.processors.JSONRenderer(_json)
    )
    if not pretty and _in_journal():
        renderer = _for_journal(renderer)
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Before the renderer, which for people would print every frame's variables.
        structlog.processors.ExceptionRenderer(_trace),
    ]
    structlog.configure(
        processors=[*shared, _visible, renderer] if pretty else [*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelName(settings.level.upper())
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
