"""The log as one JSON object a line, for programs that collect logs; on request only.

Each has `time`, `level`, `logger` and `message`. A failure that a person sees has the `reference` that the page shows
beside it; one that nobody foresaw has its traceback in `exception`, under the same reference.
"""

from __future__ import annotations

import json
import logging
import threading
from datetime import UTC, datetime

from streamlit import logger as streamlit_logger

from rerank_core.errors import reference

_OWN = ("rerank_core", "rerank_playground")
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class JsonLines(logging.Formatter):
    """A record as a JSON object without a line break in it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line. What a caller gave as `extra` stands in it by its name."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in _USUAL and isinstance(value, str | int | float | bool):
                line[name] = value
        if record.exc_info and record.exc_info[1] is not None:
            line.setdefault("reference", reference(record.exc_info[1]))
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def begin() -> None:
    """Write every line so from now on: ours, Streamlit's, the server's, and those of warnings and dying threads."""
    root = logging.getLogger()
    if not any(isinstance(handler.formatter, JsonLines) for handler in root.handlers):
        root.addHandler(logging.StreamHandler())
    for name in _OWN:
        logging.getLogger(name).setLevel(logging.INFO)
    logging.captureWarnings(True)
    threading.excepthook = _thread_died
    streamlit_logger.setup_formatter = _set_up  # it gives each of its loggers a handler of its own, also later ones
    settle()


def settle() -> None:
    """Do so too for the loggers that have come since, such as the server's."""
    loggers = [logging.getLogger(), *logging.root.manager.loggerDict.values()]
    for each in loggers:
        for handler in each.handlers if isinstance(each, logging.Logger) else ():
            if isinstance(handler, logging.StreamHandler):
                handler.setFormatter(JsonLines())


def _set_up(logger: logging.Logger) -> None:
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)


def _thread_died(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is SystemExit or arguments.exc_value is None:
        return
    found = (arguments.exc_type, arguments.exc_value, arguments.exc_traceback)
    logging.getLogger(_OWN[1]).error("A thread ended with an error", exc_info=found)
