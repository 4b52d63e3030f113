"""The sample county as a test sees it: people speak by name, groups hear, the clock moves when told."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bot import clock
from bot.house import House
from bot.sandbox.cast import load
from handlers import handle
from handlers.message import Message
from store import audit, exports, households, people, wallets
from store.audit import Finding
from store.db import Database
from store.tx import Tx

# Monday 23 November 2026, 09:00 in Asia/Shanghai.
NOW = 1_795_395_600
HOUR, DAY = 3600, 86_400
CAST = {person.name: person for person in load().people.values()}


class Undone(Exception):
    """Ends a transaction of which nothing shall be kept."""


@dataclass
class Town:
    """A house on a real database with the sample county; `now` is the only clock."""

    house: House
    time: list[int]
    ids: Any = field(default_factory=lambda: count(1))

    @property
    def db(self) -> Database:
        return self.house.db

    @property
    def now(self) -> int:
        return self.time[0]

    def later(self, seconds: int) -> None:
        """Let time pass, without running jobs."""
        self.time[0] += seconds

    def say(self, who: str, text: str, *, message_id: str = "") -> str:
        """What the bot answers when somebody (a name of the cast, or any openid) writes `text` privately."""
        return self.send(Message(message_id or self.next_id(), "official", openid(who), "text", text))

    def would_say(self, who: str, text: str) -> str:
        """The same with nothing of it kept: for the many ways to write one thing, in one town."""
        county, message = self.house.county, Message(self.next_id(), "official", openid(who), "text", text)
        told = []

        def work(tx: Tx) -> None:
            told.append(handle(tx, county, message, county.read(text), now=self.now).text)
            raise Undone

        with suppress(Undone):
            self.db.write(work)
        return told[-1]

    def say_in_group(self, who: str, text: str, chat: str = "wr-QH-XF") -> str:
        """The same by @bot in a group chat; `who` must have a 企业微信 account."""
        return self.send(Message(self.next_id(), "aibot", CAST[who].userid, "text", text, chat=chat))

    def send_photo(self, who: str, media_id: str = "media-1") -> str:
        return self.send(Message(self.next_id(), "official", openid(who), "image", media_id=media_id))

    def send_location(self, who: str, label: str, lat: float = 32.5, lng: float = 120.5) -> str:
        message = Message(self.next_id(), "official", openid(who), "location", lat=lat, lng=lng, label=label)
        return self.send(message)

    def scan(self, who: str, scene: str) -> str:
        return self.send(Message(self.next_id(), "official", openid(who), "scan", scene=scene))

    def send(self, message: Message) -> str:
        return asyncio.run(self.house.receive(message)).text

    def next_id(self) -> str:
        return f"m{next(self.ids)}"

    def run_jobs(self) -> list[str]:
        """Run what is due now; the names of the jobs that ran."""
        return clock.run_due(self.db, self.house.county, self.now)

    def rows(self, kind: str) -> list[dict[str, Any]]:
        """What `mashang export kind` would write: cases, notices, checkins or ledger."""
        with self.db.read() as tx:
            return list(exports.rows(tx, kind))

    def case(self, number: int) -> dict[str, Any]:
        return next(row for row in self.rows("cases") if row["number"] == number)

    def heard(self, unit: str) -> list[str]:
        """The notices queued for the group of a unit or of a department there, oldest first."""
        return [row["text"] for row in self.rows("notices") if row["unit"] == unit]

    def told(self) -> list[str]:
        """The notices queued for reporters in the official account."""
        return [row["text"] for row in self.rows("notices") if row["channel"] == "official"]

    def points(self, who: str) -> int:
        with self.db.read() as tx:
            known = people.by_account(tx, "official", openid(who))
            return wallets.points(tx, households.of(tx, known[1].id)) if known else 0

    def drift(self) -> list[Finding]:
        """What is wrong in the books; must be empty after each story."""
        with self.db.read() as tx:
            return audit.drift(tx)


def openid(who: str) -> str:
    return CAST[who].openid if who in CAST else who


def person(town: Town, who: str) -> int:
    """The number of somebody who has an account, or of one whom the lists name."""
    with town.db.read() as tx:
        known = people.by_account(tx, "official", openid(who))
        return known[1].id if known else people.any_of(tx, names=[who])[0].id


MakeTown = Callable[..., Town]
