"""How many statements a message costs, counted at the database while a small story is told."""

import asyncio
import itertools
import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.messages import ROOT
from bot.house import House
from bot.sandbox.cast import load
from bot.settings import Settings
from handlers.message import Message

SAVEPOINTS = ("SAVEPOINT", "RELEASE", "ROLLBACK TO")
REPORT = "您好，幸福社区第二网格3号楼旁边井盖破了，已经好几天了，麻烦派人来看看，谢谢。"
RESIDENT, WORKER, SHOPKEEPER = "李秀英", "何春梅", "戴满仓"
NUMBER = re.compile(r"编号 (\d+)")
PICKUP = re.compile(r"取货码：(\d+)")

Counts = dict[str, dict[str, int]]


def count(folder: Path) -> Counts:
    """What was said -> statements that read or write, and savepoints beside them. BEGIN and COMMIT are the group's."""
    settings = Settings(
        _env_file=None,
        database_url=f"sqlite:///{folder / 'statements.db'}",
        sandbox=True,
        rules_dir=ROOT / "rules",
    )
    house = House(settings)
    house.open()
    try:
        return _tell(house)
    finally:
        house.close()


def _tell(house: House) -> Counts:
    seen: list[str] = []
    counts: Counts = {}
    ids = itertools.count(1)
    openids = {person.name: person.openid for person in load().people.values()}

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    def say(what: str, who: str, text: str, answer: str) -> str:
        """Say it, check that the answer is the one this count is for, and count."""
        seen.clear()
        message = Message(f"m{next(ids)}", "official", openids.get(who, who), "text", text)
        reply = asyncio.run(house.receive(message)).text
        if answer not in reply:
            raise RuntimeError(f"{text} was answered with {reply}")
        savepoints = sum(statement.startswith(SAVEPOINTS) for statement in seen)
        begins = sum(statement.startswith("BEGIN") for statement in seen)
        counts[what] = {"statements": len(seen) - savepoints - begins, "savepoints": savepoints}
        return reply

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        say("report, new sender", "o-bench-statements", REPORT, "收到，编号")
        say("report, known sender", "o-bench-statements", REPORT, "收到，编号")
        number = NUMBER.search(say("report, registered resident", RESIDENT, REPORT, "收到，编号"))
        say("报平安", WORKER, "报平安", "已记录")
        assert number is not None
        say("签收", WORKER, f"签收 {number[1]}", "已签收")
        say("属实", WORKER, f"属实 {number[1]}", "属实")
        code = PICKUP.search(say("兑换", RESIDENT, "兑换 盐 1", "取货码"))
        assert code is not None
        say("核销", SHOPKEEPER, f"核销 {code[1]}", "核销")
        say("办结", WORKER, f"办结 {number[1]} 已换新井盖", "已办结")
        say("查询", RESIDENT, f"查询 {number[1]}", number[1])
        say("积分", RESIDENT, "积分", "分")
        say("greeting", RESIDENT, "你好", "您好")
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)
    return counts
