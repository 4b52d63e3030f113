"""A village by chat in any order: orders, families, freezes, months; the books are right each time."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.house import House
from bot.settings import Settings
from tests.conftest import ROOT
from tests.invariants import broken
from tests.machines import Lend, lender, run_machine
from tests.town import DAY, HOUR, NOW, Town

HOMES = ("李秀英", "王小满", "高志远")
CLERK, VILLAGE, GRID, TOWN, AUDITOR = "戴满仓", "徐慧敏", "何春梅", "顾晓宁", "严守正"


class Village(RuleBasedStateMachine):
    """What the residents and their officials say; whether it is granted is theirs to find out."""

    lend: Lend  # a county of the machine's own
    people = st.sampled_from(HOMES)
    few = st.integers(1, 12)

    def __init__(self) -> None:
        super().__init__()
        self.lent = self.lend()
        self.url = self.lent.__enter__()
        self.time = [NOW]
        self.town = self.open()
        self.said: list[tuple[str, str, str, str]] = []  # message, who, text, answer
        self.codes: list[str] = []
        self.applied: list[str] = []

    def open(self) -> Town:
        values = {
            "database_url": self.url,
            "rules_dir": ROOT / "rules",
            "secret_key": "tests-only-secret-key",
        }
        house = House(Settings(_env_file=None, **values), clock=lambda: self.time[0])
        house.open()
        return Town(house, self.time)

    def teardown(self) -> None:
        self.town.house.close()
        self.lent.__exit__(None, None, None)

    def say(self, who: str, text: str) -> str:
        self.town.later(1)
        message = f"v{len(self.said)}"
        answer = self.town.say(who, text, message_id=message)
        self.said.append((message, who, text, answer))
        return answer

    @initialize()
    def begin(self) -> None:
        for who in HOMES[:2]:
            self.report(who)
            self.report(who)

    # --- earning

    @rule(who=people)
    def report(self, who: str) -> None:
        if found := re.search(r"编号 (\d+)", self.say(who, "井盖破了")):
            self.say(VILLAGE, f"属实 {found[1]}")

    @rule(who=people, checker=st.sampled_from((GRID, VILLAGE)))
    def apply(self, who: str, checker: str) -> None:
        told = self.say(who, f"申请积分 调解 昨天劝和了两家人，第 {len(self.said)} 次")
        if found := re.match(r"编号 (\d+)", told):
            self.applied.append(found[1])
            self.say(checker, f"初审 {found[1]}")
            self.say(VILLAGE, f"批准 {found[1]}")

    @rule(who=people, pick=st.integers(0, 99), verdict=st.sampled_from(("异议成立", "异议不成立", "")))
    def object_to(self, who: str, pick: int, verdict: str) -> None:
        if self.applied:
            number = self.applied[pick % len(self.applied)]
            self.say(who, f"异议 {number} 没有看到")
            if verdict:
                self.say(VILLAGE, f"{verdict} {number} 问过了")

    # --- spending

    @rule(who=people, pieces=st.integers(1, 4), goods=st.sampled_from(("肥皂", "大米")))
    def order(self, who: str, pieces: int, goods: str) -> None:
        if found := re.search(r"取货码：(\d{6})", self.say(who, f"兑换 {goods} {pieces}")):
            self.codes.append(found[1])

    @rule(pick=st.integers(0, 99), who=people, word=st.sampled_from(("核销", "核销", "取消兑换")))
    def end_order(self, pick: int, who: str, word: str) -> None:
        if self.codes:
            code = self.codes[pick % len(self.codes)]
            self.say(CLERK if word == "核销" else who, f"{word} {code}")

    @rule(number=few)
    def bring_back(self, number: int) -> None:
        self.say(CLERK, f"退货 {number} 肥皂 1 破了")

    @rule(
        text=st.sampled_from(
            ("入库 肥皂 5 供销社", "报损 大米 2 受潮", "盘点 肥皂 118 少了", "盘点 肥皂 125 多了")
        )
    )
    def keep_shop(self, text: str) -> None:
        self.say(CLERK, text)

    # --- families

    @rule(who=people, other=people)
    def join(self, who: str, other: str) -> None:
        if found := re.match(r"邀请码：(\w+)", self.say(other, "邀请家人")):
            self.say(who, f"加入 {found[1]}")

    @rule(who=people)
    def undo_join(self, who: str) -> None:
        self.say(who, "撤销加入")

    @rule(who=people, points=st.integers(0, 20), other=st.sampled_from((*HOMES, VILLAGE)))
    def split(self, who: str, points: int, other: str) -> None:
        if found := re.search(r"编号 (\d+)", self.say(who, f"分户 {points}")):
            self.say(other, f"同意分户 {found[1]}")

    @rule(who=people, text=st.sampled_from(("注销成员 {} 去世", "恢复成员 {}")))
    def die_or_not(self, who: str, text: str) -> None:
        self.say(VILLAGE, text.format(who))

    # --- discipline

    @rule(who=people, text=st.sampled_from(("冻结积分 {} 查", "解冻 {} 查清", "扣分 {} 7 乱倒垃圾")))
    def discipline(self, who: str, text: str) -> None:
        self.say(VILLAGE, text.format(who))

    @rule(who=people, number=few, verdict=st.sampled_from(("申诉成立 {}", "申诉不成立 {} 有照片")))
    def appeal(self, who: str, number: int, verdict: str) -> None:
        self.say(who, f"申诉 扣{number} 不是我")
        self.say(TOWN, verdict.format(f"扣{number}"))

    @rule(movement=st.integers(1, 60))
    def correct(self, movement: int) -> None:
        self.say(AUDITOR, f"更正 {movement} 重复")

    # --- time, and what comes twice

    @rule(seconds=st.sampled_from((HOUR, DAY, 8 * DAY, 31 * DAY)))
    def time_passes(self, seconds: int) -> None:
        """Orders run out, applications are posted, months end, blocks are sealed, the nightly job looks."""
        self.town.later(seconds)
        for _ in range(3):
            self.town.run_jobs()
            self.town.later(HOUR)

    @rule(pick=st.integers(0, 999))
    def any_message_again(self, pick: int) -> None:
        if self.said:
            message, who, text, answer = self.said[pick % len(self.said)]
            before = self.movements()
            assert (self.town.say(who, text, message_id=message), self.movements()) == (answer, before)

    @rule()
    def reopen(self) -> None:
        self.town.house.close()
        self.town = self.open()

    def movements(self) -> int:
        return int(self.scalar("SELECT count(*) FROM xfer"))

    def scalar(self, query: str) -> int:
        with self.town.db.read() as tx:
            return int(tx.execute(sa.text(query)).scalar_one())

    @invariant()
    def the_books_are_right(self) -> None:
        assert (self.town.drift(), broken(self.town.db)) == ([], [])
        assert self.scalar("SELECT count(*) FROM inbox WHERE state = 'failed'") == 0
        assert self.scalar("SELECT count(*) FROM meta WHERE key = 'awards_halted' AND value <> ''") == 0


@pytest.fixture(params=["sqlite", "postgres"])
def lend(request: pytest.FixtureRequest, tmp_path: Path) -> Lend:
    """Sample counties, one for each machine."""
    return lender(request, tmp_path, "county")


def test_a_village_lives_as_it_likes_and_the_books_are_right(lend: Lend) -> None:
    run_machine(Village, lend, examples=2, steps=20)


@pytest.mark.long
def test_many_villages_live_as_they_like_and_the_books_are_right(lend: Lend) -> None:
    run_machine(Village, lend, examples=60, steps=50)
