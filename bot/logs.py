"""Logs as one JSON object a line on stderr. No request line, no text of a message, no phone number."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

_LONG_NUMBER = re.compile(r"\d{11,}")
_SECRET = re.compile(r"(key|token|secret|access_token|code)=[^&\s'\"]+", re.IGNORECASE)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(record.getMessage()),
        }
        if record.exc_info:
            line["error"] = clean(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def clean(text: str) -> str:
    """Take out what must never stand in a log: secrets in addresses, long numbers (phones, ids of people)."""
    return _LONG_NUMBER.sub(lambda match: match[0][:3] + "…", _SECRET.sub(r"\1=…", text))


def set_up(level: int = logging.INFO) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("apscheduler", "httpx", "httpcore", "alembic", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
