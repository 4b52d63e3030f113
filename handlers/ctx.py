"""What every handler is given, how a chat command and a job are declared, and who may do what."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeVar

import nlp
from handlers.message import Message, Reply
from handlers.rules import Rules
from nlp import Reading
from nlp.slots import Places
from store import looks
from store.cases import Case
from store.people import Account, Person
from store.tx import Tx
from store.units import Registry

# What each role is called, in the order in which 帮助 speaks of them.
ROLES = {
    "resident": "居民",
    "worker": "网格员",
    "micro_leader": "微网格长",
    "volunteer": "志愿者",
    "village_staff": "村(社区)工作人员",
    "dispatcher": "指挥中心",
    "department": "部门联络员",
    "leader": "值班领导",
    "shop_manager": "平安超市店长",
    "shop_supervisor": "平安超市监督员",
    "auditor": "审计员",
    "admin": "管理员",
}
ANYBODY = ("anybody",)


class Refused(Exception):
    """The person may not or cannot; the text is the answer, and nothing the handler wrote is kept."""


class OpenCases(Protocol):
    """Asked which open cases are like a new one; a hint, looked up again in the unit of work."""

    def find(
        self, text: str, unit_ids: Collection[int], at: int, limit: int, *, category: str = ""
    ) -> list[tuple[int, float]]:
        """(case, how alike) as nlp.alike.Index.find gives them."""
        ...

    def take(self, case: Case) -> None:
        """Know a case as it is now; only after the commit."""
        ...


@dataclass(frozen=True)
class County:
    """Everything fixed that a handler may need: the rules, the registry, the secret, our address.

    `rules_error` says why the files on disk are not the rules in use; "" where they are.
    """

    rules: Rules
    registry: Registry
    places: Places
    secret: bytes
    base_url: str
    open_cases: OpenCases
    rules_error: str = ""

    def read(self, text: str) -> Reading:
        """Everything that is understood of a text by the town's rules."""
        return nlp.read(text, self.rules.reading, self.places, self.rules.intents, self.rules.answers)


@dataclass(frozen=True)
class Ctx:
    """One message being handled. `now` is UTC seconds; a page has no `account`."""

    tx: Tx
    now: int
    county: County
    person: Person
    account: Account | None
    message: Message
    reading: Reading

    @property
    def registry(self) -> Registry:
        return self.county.registry


@dataclass(frozen=True)
class JobCtx:
    """One run of a job for the planned time `planned` (UTC seconds)."""

    tx: Tx
    now: int
    planned: int
    county: County

    @property
    def registry(self) -> Registry:
        return self.county.registry


# What a command does with a match: its answer, or None to say that the text is a report after all.
Run = Callable[[Ctx, re.Match[str]], Reply | str | None]
AnyRun = TypeVar("AnyRun", bound=Run)
AnyJob = TypeVar("AnyJob", bound=Callable[..., None])


@dataclass(frozen=True)
class Command:
    words: tuple[str, ...]
    pattern: re.Pattern[str]
    roles: tuple[str, ...]
    usage: str
    about: str
    run: Run
    topic: str = ""  # 帮助 names the topic alone; “帮助 topic” lists its commands

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """What a text of this command begins with, in lower case."""
        return tuple(word.lower() for word in self.words)

    def is_bare(self, text: str) -> bool:
        """Whether the text is one of the words alone: somebody who needs to be told how it is written."""
        return text.strip(BARE) in self.words


@dataclass(frozen=True)
class Job:
    """Runs at hour:minute local time, or every `every` seconds where that is set.

    `weekday` (1 Monday to 7 Sunday) or `day` (of the month) makes it weekly or monthly; 0 is any.
    """

    name: str
    hour: int
    minute: int
    every: int
    weekday: int
    day: int
    catch_up_seconds: int
    run: Callable[..., None]
    prepare: Callable[[JobCtx], Any] | None = None


BARE = " 。.!！?？~～:：,，"
COMMANDS: list[Command] = []
JOBS: list[Job] = []
NUMBER = r"(?:编号|案件|事件|第)?[\s:：#№]*(?P<number>\d{1,18})\s*(?:号事件|号案件|号)?"
GAP = r"[\s,，:：、。;；\-]*"  # between a command's parts: people put anything there, or nothing
PROPOSAL = (
    rf"(?:编号)?{GAP}(?P<number>\d{{1,9}})"  # of what waits for somebody's yes: a split, a move, a reversal
)


def command(
    *words: str,
    grammar: str = "",
    roles: Iterable[str] = ANYBODY,
    usage: str,
    about: str,
    topic: str = "",
) -> Callable[[AnyRun], AnyRun]:
    """Declare a chat command: one of `words`, then `grammar` (a regular expression), and nothing else.

    帮助 lists it; one with a `topic` of handlers/help.py is listed by 帮助 topic, for those whom it concerns.
    The function answers with the reply, or with None to say: this is no command after all, but a report.
    """
    start = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    pattern = re.compile(rf"(?:{start}){GAP}{grammar}[\s。.!！~～]*", re.IGNORECASE | re.DOTALL)

    def declare(run: AnyRun) -> AnyRun:
        taken = {word for other in COMMANDS for word in other.words}
        if double := taken & set(words):
            raise ValueError(f"two commands answer to {'、'.join(double)}")
        COMMANDS.append(Command(words, pattern, tuple(roles), usage, about, run, topic))
        return run

    return declare


def is_set_apart(match: re.Match[str], group: str) -> bool:
    """Whether a part of a command is written apart from what stands before it.

    盘点 大米 20 means to be a command whatever is wrong with it; 盘点的时候灯坏了 is a report.
    """
    return match.string[match.start(group) - 1] in " \t\n\u3000:：,，、"


def saw(ctx: Ctx, subject: str, why: str) -> None:
    """Write down that the speaker saw personal data: of household:7, of person:5, or a list of unit:3."""
    looks.add(ctx.tx, actor_id=ctx.person.id, subject=subject, why=why, now=ctx.now)


def refuse_in_group(ctx: Ctx, match: re.Match[str], what: str) -> None:
    """Codes, and what concerns single people, are not for everybody in a group chat."""
    if ctx.message.chat:
        raise Refused(f"{what}不在群里显示。请单独发给我：{match[0].strip()}")


def cron(
    *,
    hour: int = 0,
    minute: int = 0,
    every: int = 0,
    weekday: int = 0,
    day: int = 0,
    catch_up_hours: int = 2,
    prepare: Callable[[JobCtx], Any] | None = None,
) -> Callable[[AnyJob], AnyJob]:
    """Declare a job: at hour:minute in Asia/Shanghai daily, each `weekday` (1 is Monday) or each `day`
    of the month (1 to 28, which every month has), or every `every` seconds.

    What takes long is read and thought out by `prepare(ctx)` in a reading `tx`, so that nobody waits for
    it; the job is then run as `run(ctx, what prepare returned)`.
    """
    if not 0 <= weekday <= 7 or not 0 <= day <= 28 or (weekday and day):
        raise ValueError(f"no such day: weekday {weekday}, day {day}")

    def declare(run: AnyJob) -> AnyJob:
        name = f"{run.__module__.rpartition('.')[2]}.{run.__name__}"
        JOBS.append(Job(name, hour, minute, every, weekday, day, catch_up_hours * 3600, run, prepare))
        return run

    return declare


def may(ctx: Ctx, unit_id: int, *roles: str) -> bool:
    """Whether the speaker holds one of `roles` for an area that holds the unit."""
    return any(post.role in roles and ctx.registry.holds(post.unit_id, unit_id) for post in ctx.person.posts)


def areas(ctx: Ctx, *roles: str) -> list[int]:
    """Ids of all units in which the speaker holds one of `roles`."""
    found: set[int] = set()
    for post in ctx.person.posts:
        if post.role in roles:
            found.update(ctx.registry.under(post.unit_id))
    return sorted(found)
