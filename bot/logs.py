"""Logs as one JSON object a line on stderr. No request line, no text of a message, no phone number."""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

_PERSONAL = re.compile(
    r"(?<!\d)(1[3-9]|[1-9]\d{5}(?:19|20))\d{9}[\dXx]?(?!\d)"
)  # mobile phone, identity card
_SECRET = re.compile(r"(key|token|secret|access_token|code)=[^&\s'\"]+", re.IGNORECASE)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": clean(record.getMessage()),
        }
        if record.exc_info and record.exc_info[1]:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def clean(text: str) -> str:
    """Take out what must never stand in a log: secrets in addresses, phone numbers, identity cards."""
    return _PERSONAL.sub(lambda match: match[0][:3] + "…", _SECRET.sub(r"\1=…", text))


def describe(error: BaseException) -> str:
    """Where it went wrong and by which kinds of error: what an error says may quote a resident's words."""
    kinds = []
    cause: BaseException | None = error
    while cause is not None:
        kinds.append(_kind(cause))
        cause = cause.__cause__ or cause.__context__
    return f"{' from '.join(kinds)} at {_places(error.__traceback__)}"


def _kind(error: BaseException) -> str:
    """The name of an error, with what a database or the system calls it: OperationalError(SQLITE_FULL)."""
    origin = getattr(error, "orig", None) or error
    names = ("sqlite_errorname", "sqlstate", "strerror")
    called = next((str(value) for name in names if (value := getattr(origin, name, None))), "")
    return f"{type(error).__name__}({called})" if called else type(error).__name__


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames)


def set_up(level: int = logging.INFO) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in ("apscheduler", "httpx", "httpcore", "alembic", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.WARNING)
