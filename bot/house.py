"""One running bot: settings, database, rules and registry, and the way of a message through them."""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import handlers
import handlers.rules
from bot.open_cases import OpenCases
from bot.settings import LOOPBACK, Settings
from handlers.codes import new_token
from handlers.ctx import County
from handlers.days import local_day
from handlers.import_registry import import_registry
from handlers.message import Message, Reply, without_ids
from nlp.slots import Places
from store import inbox, limits, meta, schema, units
from store.db import Database
from store.sqlite import Occupied
from store.works import Busy

log = logging.getLogger("mashang")
RETRY_MAX = 10_000


class StartError(Exception):
    """Why the bot cannot start, in one line for the person who started it."""


class House:
    """Everything a request needs. `open` before use, `close` at the end; `county` is replaced as a whole."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.db = Database(settings.database_url)
        self.token = secrets.token_urlsafe(24)  # lets a CLI command hand its work over
        self._clock = clock
        self._county: County | None = None
        self._is_closed = False
        self.open_cases = OpenCases()
        self._rule_files: object = None  # as they were when last read
        self._refreshing = threading.Lock()
        self.on_written: Callable[[], None] = lambda: None  # the sender, told that something may be due

    def now(self) -> int:
        return int(self._clock())

    @property
    def county(self) -> County:
        assert self._county is not None, "the house is not open"
        return self._county

    def open(self) -> None:
        """Take the database, bring its schema up, read the rules. Raises StartError."""
        if self.settings.sandbox and self.settings.host not in LOOPBACK:
            raise StartError("沙箱只能在本机使用：请把 MASHANG_HOST 设为 127.0.0.1，或关掉 MASHANG_SANDBOX")
        handlers.load()
        self._rule_files = _look(self.settings.rules_dir)
        try:
            rules = handlers.rules.load(self.settings.rules_dir)
        except (ValueError, OSError) as error:
            raise StartError(
                f"规则文件有错（MASHANG_RULES_DIR={self.settings.rules_dir}）：{error}"
            ) from None
        self._open_database()
        if self.settings.sandbox:
            self._open_sandbox()
        with self.db.read() as tx:
            registry = units.load(tx)
        secret = self.settings.secret_key or self.db.write(
            lambda tx: meta.keep_first(tx, "secret_key", new_token())
        )
        self._county = County(
            rules,
            registry,
            _places(registry),
            secret.encode(),
            self.settings.base_url,
            self.open_cases,
        )
        self._keep_limits()
        if self._load_open_cases():
            Thread(target=self._load_the_rest, name="mashang-open-cases", daemon=True).start()

    def take_database(self, note: str = "") -> str:
        """Become the one writing process; the schema's revision.

        Raises Occupied when another process is, StartError when nobody can.
        """
        try:
            self.db.open_writer(note)
            return schema.current(self.db.url)
        except Occupied:
            raise
        except Exception as error:
            raise StartError(f"打不开数据库：{why(error)}") from error

    def _open_database(self) -> None:
        try:
            now_at = self.take_database(f"{self.settings.local_url}\n{self.token}\n")
        except Occupied:
            raise StartError(
                f"数据库 {self.db.path} 正由另一个码上办进程使用，请先停掉它，或换一个 MASHANG_DATABASE_URL"
            ) from None
        if now_at == schema.head():
            return
        if now_at and not self.db.is_sqlite:
            raise StartError("数据库结构不是最新的，请先运行：mashang migrate")
        schema.upgrade(self.db.url)

    def _open_sandbox(self) -> None:
        """The sandbox lets anybody be anybody: never on a real town's data."""
        with self.db.read() as tx:
            is_marked = meta.get(tx, "sandbox") == "1"
            is_empty = units.load(tx).top is None
        if not (is_marked or is_empty):
            raise StartError(
                "这个数据库里有真实数据，不能开沙箱：请换一个 MASHANG_DATABASE_URL，或关掉 MASHANG_SANDBOX"
            )
        folder = Path(__file__).parent / "sandbox" / "county"
        files = {file.name: file.read_text(encoding="utf-8") for file in folder.glob("*.csv")}
        now = self.now()
        self.db.write(lambda tx: meta.put(tx, "sandbox", "1"))
        self.db.write(lambda tx: import_registry(tx, files, secret=b"", now=now))

    def refresh(self) -> None:
        """Read again what has changed: rule files on disk, and the registry after an import (by this process
        or another). Messages on their way go on with the county they began with."""
        with self._refreshing:  # the clock and an import may both come
            self._refresh_rules()
            self._refresh_registry()

    def _refresh_rules(self) -> None:
        """Files that are bad are refused, and the old rules go on."""
        folder = self.settings.rules_dir
        found = _look(folder)
        if found == self._rule_files:
            return
        try:
            county = replace(self.county, rules=handlers.rules.load(folder), rules_error="")
        except Exception as error:  # whatever a file holds, the jobs of this tick must run
            log.error("rule files refused, the old ones (%s) go on: %s", self.county.rules.revision, error)
            county = replace(self.county, rules_error=str(error))
        if _look(folder) == found:  # else somebody is still writing: the next look reads them whole
            self._county, self._rule_files = county, found
            self._keep_limits()
            log.info("rules in use: revision %s", county.rules.revision)

    def _keep_limits(self) -> None:
        now, today = self.county.rules.points.caps(), local_day(self.now())
        self.db.write(lambda tx: limits.hold(tx, now, today))

    def _refresh_registry(self) -> None:
        with self.db.read() as tx:
            if units.revision(tx) == self.county.registry.revision:
                return
            registry = units.load(tx)
        self._county = replace(self.county, registry=registry, places=_places(registry))
        log.info("registry read again, revision %s", registry.revision)

    def close(self) -> None:
        self._is_closed = True
        self.db.close()

    def _load_open_cases(self) -> bool:
        with self.db.read() as tx:
            return self.open_cases.load(tx, now=self.now())

    def _load_the_rest(self) -> None:
        """Many open cases are taken in behind the running server: 100,000 take some seconds."""
        try:
            while not self._is_closed and self._load_open_cases():
                time.sleep(0.01)
        except Exception:
            if not self._is_closed:
                log.exception("the open cases could not all be read; doubles among them are not offered")

    async def catch_up(self) -> None:
        """Before a report: know the cases that other processes wrote, to find its likely doubles."""
        if not self.open_cases.is_behind:
            return
        if self.db.is_sqlite:  # a read of some 0.1 ms without a network; a thread's hop costs more
            with self.db.read() as tx:
                self.open_cases.catch_up(tx)
        else:
            await self.db.read_async(self.open_cases.catch_up)

    async def receive(self, message: Message) -> Reply:
        """Read, then act in one unit of work. When our own code fails, a second one keeps the raw message.

        Raises Busy, or what the database raised, when nothing could be kept: then nothing is acknowledged.
        """
        county, now = self.county, self.now()
        message = without_ids(message)  # before anything can be kept
        try:
            if county.registry.top is None:
                raise LookupError("no county was imported yet")
            reading = county.read(message.text)
            await self.catch_up()
            reply = await self.db.write_async(
                lambda tx: handlers.handle(tx, county, message, reading, now=now)
            )
        except Busy:
            raise
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"[:500]
            log.exception("%s failed and is kept for a retry", _called(message))
            reply = await self.db.write_async(lambda tx: handlers.keep_failed(tx, message, reason, now=now))
        self.on_written()
        return reply

    def retry_failed(self) -> dict[str, int]:
        """Run kept messages that failed once more: how many are done, how many still fail."""
        with self.db.read() as tx:
            waiting = inbox.failed(tx, RETRY_MAX)
        done = 0
        for row, kept in waiting:
            done += self._retry_one(row, Message(**kept))
        self.on_written()
        return {"done": done, "failed": len(waiting) - done}

    def _retry_one(self, row: int, message: Message) -> bool:
        county, now = self.county, self.now()
        try:
            reading = county.read(message.text)
            self.db.write(lambda tx: handlers.retry(tx, county, message, reading, row, now=now))
        except Exception:
            log.exception("%s failed again", _called(message))
            return False
        return True


def why(error: Exception) -> str:
    """What a database or the system says of its trouble, in one line."""
    return str(getattr(error, "orig", error)).partition("\n")[0]


def _called(message: Message) -> str:
    """What a log calls a message. The id of an event holds its sender's openid."""
    return f"{message.channel} {message.kind} {message.id if message.id.isalnum() else ''}".rstrip()


def _places(registry: units.Registry) -> Places:
    units_ = ((unit.name, unit.id) for unit in registry.units.values())
    return Places.build([*units_, *((place.name, place.unit_id) for place in registry.places)])


def _look(folder: Path) -> object:
    """Name, time and size of each rule file: cheap, and different after any change."""
    try:
        return [
            (file.name, (stat := file.stat()).st_mtime_ns, stat.st_size)
            for file in sorted(folder.glob("*.toml"))
        ]
    except OSError:  # one that went away between the two
        return None
