"""`mashang demo`: the whole story in the terminal, through the real webhook of a real server.

Every reply is compared as a whole, and the rows behind it are looked up; one difference and it ends with 1.
"""

import asyncio
import io
import re
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image, ImageDraw
from rich.console import Console
from rich.markup import escape

from bot import clock, server
from bot.house import House
from bot.sandbox.app import Sandbox
from bot.sandbox.cast import Person
from bot.settings import Settings
from handlers.days import ZONE
from store import audit, exports, photos
from store.audit import Finding

Found = TypeVar("Found")
WAIT_SECONDS = 10.0
RESIDENT, WORKER, COLLEAGUE = "李秀英", "何春梅", "周建国"
STAFF, DISPATCHER, SHOP = "徐慧敏", "顾晓宁", "戴满仓"
VILLAGE = "QH-XF"
GRANTS = 2  # the town's budgets for shop points and for workers' scores, granted with the first award


def run(rules: Path) -> int:
    """Tell the story on a fresh sample county with the rules of this folder; the exit status."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="mashang-demo-") as folder:
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            database_url=f"sqlite:///{folder}/demo.db",
            host="127.0.0.1",
            port=0,
            public_url="",
            rules_dir=rules,
            sandbox=True,
        )
        watch = Watch()
        with server.running(settings, watch.now) as (house, sandbox):
            assert sandbox is not None
            story = Story(house, sandbox, console, watch)
            asyncio.run(_tell(story))
    return story.end()


class Watch:
    """The demo's clock: it starts on a Monday at nine and runs on; the story moves it forward."""

    def __init__(self) -> None:
        self._shift = datetime(2026, 11, 23, 9, 0, 5, tzinfo=ZONE).timestamp() - time.time()

    def now(self) -> float:
        return time.time() + self._shift

    def move_to(self, hour: int) -> None:
        """On to hour:00:05 of the same day."""
        today = datetime.fromtimestamp(self.now(), ZONE)
        then = today.replace(hour=hour, minute=0, second=5)
        self._shift += (then - today) / timedelta(seconds=1)


@dataclass
class Story:
    """Plays the people of the sample county and compares what happens with what should."""

    house: House
    sandbox: Sandbox
    console: Console
    watch: Watch
    wrong: int = 0
    checked: int = 0

    def chapter(self, title: str) -> None:
        self.console.print(f"\n[bold]{escape(title)}[/bold]")

    async def say(self, who: str, text: str, expected: str) -> None:
        """`who` writes `text` to the bot; its whole reply must be `expected`."""
        self.console.print(f"  [cyan]{who}[/cyan]：{escape(text)}")
        self.reply(await self.sandbox.say(self.openid(who), text), expected)

    async def say_in_group(self, who: str, text: str, expected: str) -> None:
        self.console.print(f"  [cyan]{who}[/cyan]（群里）：@码上办 {escape(text)}")
        self.reply(await self.sandbox.say_in_group(self._person(who).userid, VILLAGE, text), expected)

    async def send_photo(self, who: str, expected: str) -> None:
        self.console.print(f"  [cyan]{who}[/cyan]：[图片]")
        self.reply(await self.sandbox.send_image(self.openid(who), _photo()), expected)

    def reply(self, got: str, expected: str) -> None:
        self.console.print(f"  [green]码上办[/green]：{escape(got)}".replace("\n", "\n          "))
        self._compare("回答", got, expected)

    def group(self, expected: str) -> None:
        """The village's group must hear exactly this next, within some seconds."""
        line = expected.splitlines()[0]
        got = self._wait(lambda: _with_first_line(self.sandbox.group_messages(VILLAGE), line))
        self.console.print(f"  [yellow]村群[/yellow]：{escape(got)}".replace("\n", "\n        "))
        self._compare("群通知", got, expected)

    def told(self, who: str, expected: str) -> None:
        """The person must get this message without asking."""
        line, openid = expected.splitlines()[0], self.openid(who)
        got = self._wait(lambda: _with_first_line(self.sandbox.custom_messages(openid), line))
        self.console.print(f"  [green]码上办[/green]→{who}：{escape(got)}".replace("\n", "\n          "))
        self._compare("客服消息", got, expected)

    def row(self, what: str, got: Any, expected: Any) -> None:
        """A row of the database must be as told."""
        self.console.print(f"  [dim]{escape(what)}：{escape(str(got))}[/dim]")
        self._compare(what, got, expected)

    def openid(self, who: str) -> str:
        return self._person(who).openid

    def case(self, number: int) -> dict[str, Any]:
        with self.house.db.read() as tx:
            return next((row for row in exports.rows(tx, "cases") if row["number"] == number), {})

    def count(self, kind: str) -> int:
        with self.house.db.read() as tx:
            return sum(1 for _ in exports.rows(tx, kind))

    def photo(self, number: int) -> bytes:
        """The case's photo, once it was fetched from WeChat and re-encoded."""

        def kept() -> bytes:
            with self.house.db.read() as tx:
                return (photos.of_case(tx, number) or [b""])[0]

        return self._wait(kept)

    def drift(self) -> list[Finding]:
        with self.house.db.read() as tx:
            return audit.drift(tx)

    def run_jobs(self) -> None:
        clock.run_due(self.house.db, self.house.county, self.house.now())
        self.house.on_written()

    def end(self) -> int:
        good = self.wrong == 0
        colour, word = ("green", "全部符合") if good else ("red", f"{self.wrong} 处不符")
        self.console.print(f"\n[{colour}]核对 {self.checked} 处，{word}[/{colour}]")
        return 0 if good else 1

    def _compare(self, what: str, got: Any, expected: Any) -> None:
        self.checked += 1
        if got != expected:
            self.wrong += 1
            self.console.print(f"  [red]✗ {escape(what)}应为：{escape(str(expected))}[/red]")

    def _person(self, name: str) -> Person:
        return next(person for person in self.sandbox.cast.people.values() if person.name == name)

    def _wait(self, look: Callable[[], Found]) -> Found:
        """What `look` finds, as soon as it finds something; its last answer when time is up."""
        ends_at = time.monotonic() + WAIT_SECONDS
        while not (found := look()) and time.monotonic() < ends_at:
            time.sleep(0.02)
        return found


def _with_first_line(texts: list[str], line: str) -> str:
    return next((text for text in reversed(texts) if text.splitlines()[0] == line), "")


def _photo() -> bytes:
    """A picture with a position in its EXIF, as a phone would send it."""
    image = Image.new("RGB", (640, 480), "#7d8894")
    ImageDraw.Draw(image).ellipse((200, 140, 440, 340), fill="#20242a")
    exif = Image.Exif()
    exif[0x010F] = "camera"
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif)
    return out.getvalue()


async def _tell(story: Story) -> None:
    await _report_and_dispatch(story)
    await _settle(story)
    code = await _redeem(story)
    await _hand_over(story, code)
    await _check_in(story)
    story.row("台账不符之处", story.drift(), [])


async def _report_and_dispatch(story: Story) -> None:
    story.chapter("一、居民扫码反映，发来照片")
    await story.say(
        RESIDENT,
        "3号楼前面的井盖破了，晚上看不见很危险",
        "收到，编号 1001，类别：市政设施。\n已通知幸福社区第二网格的网格员，11月26日 09:00前答复。\n"
        "发“查询 1001”可看进度。",
    )
    await story.send_photo(RESIDENT, "照片已加到事件 1001。")
    story.group(
        "【新事件 1001】市政设施\n地点：青河镇幸福社区第二网格\n内容：3号楼前面的井盖破了，晚上看不见很危险\n"
        "请网格员签收：签收 1001\n时限：11月26日 09:00"
    )
    jpeg = story.photo(1001)
    story.row("照片已重新编码", jpeg[:2] == b"\xff\xd8" and b"camera" not in jpeg, True)
    story.chapter("二、镇指挥中心派单，网格员签收、核实")
    await story.say(DISPATCHER, "派单 1001 何春梅", "事件 1001 已派给何春梅，11月26日 09:00前办结。")
    await story.say(WORKER, "签收 1001", "事件 1001 已签收，办好后发：办结 1001 怎么处理的。")
    await story.say(WORKER, "属实 1001", "事件 1001 属实，已给上报人记积分。")
    story.told(RESIDENT, "您反映的事件 1001 已核实属实，感谢您。发“积分”可以查看积分。")
    await story.say(RESIDENT, "积分", "您现有 10 分。")


async def _settle(story: Story) -> None:
    story.chapter("三、办结、核查、结案")
    await story.say(WORKER, "办结 1001 已换上新井盖，加了警示带", "事件 1001 已办结，等村(社区)核查。")
    story.group(
        "【已办结 1001】市政设施\n地点：青河镇幸福社区第二网格\n结果：已换上新井盖，加了警示带\n"
        "请核查：核查 1001 通过"
    )
    await story.say(STAFF, "核查 1001 通过", "事件 1001 核查通过。")
    await story.say(DISPATCHER, "结案 1001", "事件 1001 已结案。")
    case = story.case(1001)
    story.row("事件状态", case.get("state"), "closed")
    story.row("判断依据", case.get("words"), ["井盖破", "破了"])


async def _redeem(story: Story) -> str:
    story.chapter("四、积分换大米")
    answer = await story.sandbox.say(story.openid(RESIDENT), "兑换 大米 1")
    code = (re.search(r"\d{6}", answer) or [""])[0]
    story.console.print(f"  [cyan]{RESIDENT}[/cyan]：兑换 大米 1")
    story.reply(
        answer,
        f"已兑换大米 1 斤，用 10 分。\n取货码：{code}\n请在 11月30日 09:00 前到幸福社区平安超市领取。",
    )
    await story.say(RESIDENT, "积分", "您现有 0 分。另有 10 分已换商品，等待领取。")
    return code


async def _hand_over(story: Story, code: str) -> None:
    await story.say(SHOP, f"核销 {code}", f"核销成功（单号 1）：{RESIDENT}，大米 1 斤，10 分。请交货。")
    await story.say(SHOP, f"核销 {code}", "没有这个取货码，或者已经领取、过期了。还可以试 4 次。")
    story.row("台账笔数", story.count("ledger"), GRANTS + 6 + _first_stock(story))


def _first_stock(story: Story) -> int:
    """Movements that brought the sample shops their first stock."""
    with story.house.db.read() as tx:
        return sum(row["reason"] == "期初库存" for row in exports.rows(tx, "ledger"))


async def _check_in(story: Story) -> None:
    story.chapter("五、群里报平安，18 点提醒，20 点小结")
    await story.say_in_group(WORKER, "报平安", "已记录，辛苦了。")
    await story.say_in_group(WORKER, "报平安", "今天已报过平安。")
    story.row("报平安", story.count("checkins"), 1)
    story.watch.move_to(18)
    story.run_jobs()
    story.group("【提醒】周建国、高志远、林小芸：今天还没有报平安，请回复“报平安”。")
    await story.say_in_group(COLLEAGUE, "今日平安", "已记录，辛苦了。")
    story.watch.move_to(20)
    story.run_jobs()
    story.group("【报平安小结】2026-11-23 幸福社区：应报 4 人，已报 2 人，请假 0 人，未报：高志远、林小芸。")
