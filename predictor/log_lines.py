"""The log: one JSON object a line on standard error, the traceback inside of it."""

import logging
import sys
from datetime import UTC, datetime

import orjson

LOG = "predictor"
"""Name of the logger."""


class JsonLines(logging.Formatter):
    """A record as one line of JSON; what is passed as `extra={"fields": {...}}` becomes its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def start_log(level: str = "info") -> None:
    """Write the predictor's own lines from `level` on and the errors of the web server below it to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    levels = {
        LOG: logging.getLevelNamesMapping()[level.upper()],
        "uvicorn": logging.ERROR,
        "asyncio": logging.ERROR,
        "opentelemetry": logging.ERROR,
    }
    levels["python_multipart"] = logging.CRITICAL  # what a form lacks is its sender's to know
    for name, least in levels.items():
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(least)
        logger.propagate = False
