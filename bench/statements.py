"""How many statements a message costs, counted by SQLite itself while a small story is told."""

import asyncio
import itertools
import re
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.messages import ROOT
from bot.house import House
from bot.sandbox.cast import load
from bot.settings import Settings
from handlers.message import Message

SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO")
OF_THE_GROUP = ("BEGIN", "COMMIT")  # one for all works that are committed together
REPORT = "您好，幸福社区第二网格3号楼旁边井盖破了，已经好几天了，麻烦派人来看看，谢谢。"
SECOND = "桃花村三组的路灯不亮，晚上出门看不见，请修一修。"
THIRD = "三号楼楼道里有人给电动车飞线充电，怕着火。"
RESIDENT, WORKER, SHOPKEEPER = "李秀英", "何春梅", "戴满仓"
DAY = 86_400
Counts = dict[str, dict[str, int]]


def count(folder: Path) -> Counts:
    """What is said -> the statements that read or write, and the savepoints around them."""
    seen: list[str] = []

    def watch(connection: Any, _record: Any) -> None:
        connection.set_trace_callback(seen.append)

    sa.event.listen(sa.Pool, "connect", watch)
    try:
        later = [0]
        house = _open(f"sqlite:///{folder / 'statements.db'}", later)
        try:
            return _tell(house, seen, later)
        finally:
            house.close()
    finally:
        sa.event.remove(sa.Pool, "connect", watch)


def _open(database_url: str, later: list[int]) -> House:
    """A house whose clock is `later[0]` seconds fast."""
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database_url,
        sandbox=True,
        rules_dir=ROOT / "rules",
    )
    house = House(settings, lambda: time.time() + later[0])
    house.open()
    return house


def _tell(house: House, seen: list[str], later: list[int]) -> Counts:
    counts: Counts = {}
    ids = itertools.count(1)
    openids = {person.name: person.openid for person in load().people.values()}

    def say(what: str, who: str, text: str, answer: str) -> str:
        """Say it, see that the answer is the one this count is for, and count."""
        message = Message(f"m{next(ids)}", "official", openids.get(who, who), "text", text)
        seen.clear()
        reply = asyncio.run(house.receive(message)).text
        # A statement is told again for each trigger at work inside it.
        told = [statement for statement, _ in itertools.groupby(seen)]
        begin = max((at for at, each in enumerate(told) if each.startswith("BEGIN IMMEDIATE")), default=0)
        before = [statement for statement in told[:begin] if statement.startswith("SELECT")]
        ours = [statement for statement in told[begin:] if not statement.startswith(OF_THE_GROUP)]
        if not (found := re.search(answer, reply)):
            raise RuntimeError(f"{text} was answered with {reply}")
        savepoints = sum(statement.startswith(SAVEPOINTS) for statement in ours)
        counts[what] = {
            "statements": len(ours) - savepoints,
            "savepoints": savepoints,
            "reads_before": len(before),  # of the cases that came in since; one for all who wait together
        }
        return found[found.lastindex or 0]

    say("report, new sender", "o-bench-statements", REPORT, "编号 ")
    say("report, known sender", "o-bench-statements", SECOND, "编号 ")
    number = say("report, registered resident", RESIDENT, THIRD, r"编号 (\d+)")
    say("likely double", "o-bench-statements", REPORT, "您反映过同样的问题")
    say("报平安, the first points of a town", WORKER, "报平安", "已记录")
    say("签收", WORKER, f"签收 {number}", "已签收|签收成功")
    say("属实", WORKER, f"属实 {number}", f"事件 {number} 属实")
    say("办结", WORKER, f"办结 {number} 已换新井盖", "已办结")
    say("查询", RESIDENT, f"查询 {number}", number)
    say("积分", RESIDENT, "积分", "10 分")
    code = say("兑换", RESIDENT, "兑换 盐 1", r"取货码：(\d+)")
    say("核销", SHOPKEEPER, f"核销 {code}", "核销成功")
    later[0] += DAY
    say("报平安", WORKER, "报平安", "已记录")
    say("greeting", RESIDENT, "你好", "您好")
    return counts
