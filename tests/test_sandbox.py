"""The stand-in for Tencent: its cast, its limits and errors, and how it pushes what people say."""

import asyncio
import csv
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from bot import settings as bot_settings
from bot.sandbox import cast as casts
from bot.sandbox.app import Sandbox, settings
from bot.sandbox.chats import Chats
from bot.sandbox.phone import TRIES, Unanswered
from bot.sandbox.stand_in import SILENCE
from tests.echo_bot import AIBOT, KEYS, OFFICIAL, EchoBot, echo_town

RESIDENT = "o-lixiuying"
CAST = casts.load()


@pytest.fixture(scope="module")
def town() -> Iterator[tuple[str, EchoBot, Sandbox]]:
    with echo_town() as parts:
        yield parts


class Bot:
    """What a bot asks Tencent for, and a clock of its own."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.sandbox = Sandbox(
            bot_url="http://127.0.0.1:9",
            official=OFFICIAL,
            aibot=AIBOT,
            aibot_id=KEYS["aibot_id"],
            app_secret=KEYS["wechat_app_secret"],
            cast=CAST,
            clock=lambda: self.now,
        )

    def ask(self, method: str, path: str, *, body: Any = None, **query: str) -> httpx.Response:
        async def asking() -> httpx.Response:
            app = Starlette(routes=self.sandbox.tencent.routes())
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                return await client.request(method, path, params=query, content=content)

        return asyncio.run(asking())

    def post(self, path: str, body: Any, **query: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.ask("POST", path, body=body, **query).json()
        return answer

    def tell_group(self, code: str, kind: str, content: str, **more: Any) -> dict[str, Any]:
        key = CAST.group(code).key
        return self.post(
            "/cgi-bin/webhook/send", {"msgtype": kind, kind: {"content": content, **more}}, key=key
        )

    def token(self) -> str:
        asked = {
            "grant_type": "client_credential",
            "appid": KEYS["wechat_app_id"],
            "secret": KEYS["wechat_app_secret"],
        }
        return str(self.post("/cgi-bin/stable_token", asked)["access_token"])

    def tell(self, openid: str, text: str, token: str) -> dict[str, Any]:
        message = {"touser": openid, "msgtype": "text", "text": {"content": text}}
        return self.post("/cgi-bin/message/custom/send", message, access_token=token)


@pytest.fixture
def bot() -> Bot:
    return Bot()


OK = {"errcode": 0, "errmsg": "ok"}


def test_the_sample_county_has_three_towns_one_of_them_with_24_grids() -> None:
    rows = _rows("grids.csv")
    levels = Counter(row["level"] for row in rows)
    assert levels == {"county": 1, "town": 3, "village": 10, "grid": 32, "micro": 5}
    assert sum(row["level"] == "grid" and row["code"].startswith("QH-") for row in rows) == 24
    assert [row["code"] for row in rows if bool(row["group_webhook"]) != (row["level"] in _WITH_GROUP)] == []


_WITH_GROUP = ("county", "town", "village")


def test_the_numbers_of_a_unit_are_those_of_its_parts() -> None:
    rows = {row["code"]: row for row in _rows("grids.csv")}
    for column in ("households", "people"):
        sums: Counter[str] = Counter()
        for row in rows.values():
            sums[row["parent_code"]] += int(row[column])
        del sums[""]
        assert {code: int(rows[code][column]) for code in sums} == dict(sums)


def test_every_grid_has_one_worker_and_every_role_somebody() -> None:
    people = _rows("people.csv")
    workers = [row["grid_code"] for row in people if row["role"] == "worker"]
    assert sorted(workers) == sorted(row["code"] for row in _rows("grids.csv") if row["level"] == "grid")
    assert {row["role"] for row in people} == set(casts.ROLES) - {"newcomer"}
    assert {row["grid_code"] for row in people if row["role"] == "department"} == {
        row["code"] for row in _rows("departments.csv")
    }


def test_codes_names_and_accounts_of_the_county_are_unique() -> None:
    for file, column in (
        ("grids.csv", "code"),
        ("grids.csv", "name"),
        ("people.csv", "phone"),
        ("people.csv", "openid"),
        ("people.csv", "wecom_userid"),
        ("departments.csv", "code"),
        ("articles.csv", "code"),
    ):
        values = [row[column] for row in _rows(file) if row[column]]
        assert [value for value, times in Counter(values).items() if times > 1] == []


def test_the_settings_of_the_sandbox_are_ones_the_bot_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in settings().items():
        monkeypatch.setenv(bot_settings.PREFIX + name.upper(), value)
    read = bot_settings.read(_env_file=None)
    assert {name: getattr(read, name) for name in settings()} == settings()
    assert (read.official_mode, read.has_aibot) == ("safe", True)


def test_a_person_sees_the_groups_of_county_town_and_village() -> None:
    names = {
        openid: [CAST.groups[chat].name for chat in CAST.people[openid].groups]
        for openid in (RESIDENT, "o-tianfeng", "o-qinying", "o-zhongxiulan")
    }
    higher = ["安禾县综治工作群", "青河镇网格工作群"]
    assert names == {
        RESIDENT: [*higher, "幸福社区网格群"],
        "o-tianfeng": [*higher, "幸福社区网格群", "农业农村办联络群"],
        "o-qinying": [*higher, "幸福社区网格群"],
        "o-zhongxiulan": [*higher, "桃花村网格群"],
    }


def test_what_the_bot_sends_to_a_webhook_stands_in_that_group(bot: Bot) -> None:
    assert bot.tell_group("QH-XF", "text", "井盖破了", mentioned_list=["HeChunmei"]) == OK
    assert bot.tell_group("QH-XF", "markdown", "**1001** 市政设施") == OK
    assert bot.sandbox.group_messages("QH-XF") == ["井盖破了", "**1001** 市政设施"]
    assert bot.sandbox.group_messages("AH") == []
    lines = bot.sandbox.chats.history("wr-QH-XF")
    assert [(line.kind, line.mentions) for line in lines] == [("text", ("HeChunmei",)), ("markdown", ())]


def test_an_unknown_webhook_is_refused(bot: Bot) -> None:
    message = {"msgtype": "text", "text": {"content": "喂"}}
    assert bot.post("/cgi-bin/webhook/send", message, key="0000")["errcode"] == 93000


@pytest.mark.parametrize(("kind", "limit"), [("text", 2048), ("markdown", 4096)])
def test_a_group_message_is_measured_in_bytes(bot: Bot, kind: str, limit: int) -> None:
    fits = "井" * (limit // 3) + "x" * (limit % 3)
    assert bot.tell_group("AH", kind, fits) == OK
    assert bot.tell_group("AH", kind, fits + "x")["errcode"] == 40058
    assert bot.sandbox.group_messages("AH") == [fits]


def test_a_group_takes_twenty_messages_a_minute(bot: Bot) -> None:
    answers = []
    for _ in range(21):
        answers.append(bot.tell_group("AH", "text", "喂")["errcode"])
        bot.now += 1
    assert answers == [0] * 20 + [45009]
    assert bot.tell_group("AH-QH", "text", "喂") == OK, "each group has its own minute"
    bot.now += 39
    assert [bot.tell_group("AH", "text", "喂")["errcode"] for _ in range(2)] == [0, 45009]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 47001),
        (b"[]", 47001),
        (b"{", 47001),
        (b"\xff", 47001),
        (b"x" * 70_000, 45002),
        (b'{"msgtype":"text"}', 44004),
        (b'{"msgtype":"text","text":{"content":" "}}', 44004),
        (b'{"msgtype":"text","text":{"content":"x","mentioned_list":"@all"}}', 40058),
        (b'{"msgtype":"image","image":{}}', 40008),
        (b'{"msgtype":["text"]}', 40008),
        (b'{"msgtype":"text","text":{"content":"\\ud800"}}', 47001),
    ],
)
def test_a_malformed_group_message_is_refused(bot: Bot, body: bytes, code: int) -> None:
    assert bot.post("/cgi-bin/webhook/send", body, key=CAST.group("AH").key)["errcode"] == code
    assert bot.sandbox.group_messages("AH") == []


def test_the_stable_token_stays_until_shortly_before_its_end(bot: Bot) -> None:
    first = bot.token()
    bot.now += 6800
    assert bot.token() == first
    bot.now += 200
    second = bot.token()
    assert second != first
    bot.sandbox.tencent.heard_from(RESIDENT, event=False)
    assert bot.tell(RESIDENT, "两个都还能用", first) == OK
    bot.now += 200
    assert bot.tell(RESIDENT, "旧的过期了", first)["errcode"] == 42001
    assert bot.tell(RESIDENT, "新的能用", second) == OK


@pytest.mark.parametrize(
    ("change", "code"),
    [({"grant_type": "x"}, 40002), ({"appid": "wx0"}, 40013), ({"secret": "错"}, 40125)],
)
def test_a_wrong_secret_gets_no_token(bot: Bot, change: dict[str, str], code: int) -> None:
    asked = {"grant_type": "client_credential", "appid": KEYS["wechat_app_id"], "secret": "x", **change}
    assert bot.post("/cgi-bin/stable_token", asked)["errcode"] == code


def test_five_customer_messages_follow_a_persons_message_within_two_days(bot: Bot) -> None:
    token = bot.token()
    assert bot.tell(RESIDENT, "您没说过话", token)["errcode"] == 45015
    bot.sandbox.tencent.heard_from(RESIDENT, event=False)
    answers = [bot.tell(RESIDENT, str(number), token)["errcode"] for number in range(6)]
    assert answers == [0, 0, 0, 0, 0, 45047]
    assert bot.sandbox.custom_messages(RESIDENT) == ["0", "1", "2", "3", "4"]
    bot.now += 48 * 3600
    assert bot.tell(RESIDENT, "太晚了", bot.token())["errcode"] == 45015


def test_a_scan_opens_one_minute_for_three_customer_messages(bot: Bot) -> None:
    token = bot.token()
    bot.sandbox.tencent.heard_from(RESIDENT, event=True)
    assert [bot.tell(RESIDENT, "喂", token)["errcode"] for _ in range(4)] == [0, 0, 0, 45047]
    bot.now += 60
    assert bot.tell(RESIDENT, "喂", token)["errcode"] == 45015


def test_a_customer_message_is_checked_as_tencent_does(bot: Bot) -> None:
    token = bot.token()
    bot.sandbox.tencent.heard_from(RESIDENT, event=False)
    assert bot.tell(RESIDENT, "喂", "")["errcode"] == 41001
    assert bot.tell(RESIDENT, "喂", "foreign")["errcode"] == 40001
    assert bot.tell("o-nobody", "喂", token)["errcode"] == 40003
    assert bot.tell(RESIDENT, "", token)["errcode"] == 44004
    assert bot.tell(RESIDENT, "井" * 683, token)["errcode"] == 45002
    assert bot.sandbox.custom_messages(RESIDENT) == []


def test_a_picture_is_given_out_by_its_media_id(bot: Bot) -> None:
    media_id = bot.sandbox.tencent.keep_media(b"\x89PNG", "image/png")
    token = bot.token()
    answer = bot.ask("GET", "/cgi-bin/media/get", access_token=token, media_id=media_id)
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")
    lost = bot.ask("GET", "/cgi-bin/media/get", access_token=token, media_id="x")
    assert lost.json() == {"errcode": 40007, "errmsg": "invalid media_id"}
    assert bot.ask("GET", "/cgi-bin/media/get", media_id=media_id).json()["errcode"] == 41001


def test_only_the_latest_pictures_are_kept(bot: Bot) -> None:
    ids = [bot.sandbox.tencent.keep_media(b"x", "image/png") for _ in range(101)]
    assert [number for number, media_id in enumerate(ids) if not bot.sandbox.tencent.media(media_id)] == [0]


def test_every_kind_of_message_reaches_the_bot_sealed(town: tuple[str, EchoBot, Sandbox]) -> None:
    url, echo, sandbox = town
    del echo.heard[:]

    async def story() -> list[str]:
        return [
            await sandbox.say("o-stranger", "井盖破了"),
            await sandbox.send_location("o-stranger", 32.4, 117.2, "3号楼"),
            await sandbox.scan("o-stranger", "QH-XF-2"),
            await sandbox.subscribe("o-stranger", "QH-XF-2"),
            await sandbox.send_image("o-stranger", b"\x89PNG", "image/png"),
            await sandbox.say("o-stranger", "沉默"),
        ]

    replies = ["收到：井盖破了", "收到：3号楼", "收到：QH-XF-2", "收到：qrscene_QH-XF-2", "收到：image", ""]
    assert asyncio.run(story()) == replies
    assert [fields["MsgType"] for fields in echo.heard] == [
        "text",
        "location",
        "event",
        "event",
        "image",
        "text",
    ]
    assert [fields.get("Event") for fields in echo.heard[2:4]] == ["SCAN", "subscribe"]
    assert len({fields["MsgId"] for fields in echo.heard if "MsgId" in fields}) == 4
    assert httpx.get(echo.heard[4]["PicUrl"], trust_env=False).content == b"\x89PNG"
    assert echo.heard[4]["PicUrl"].startswith(url)
    shown = [(line.via, line.text) for line in sandbox.chats.history("o-stranger")]
    assert shown[:2] == [("person", "井盖破了"), ("reply", "收到：井盖破了")]


def test_a_failed_push_is_repeated_with_the_same_id(town: tuple[str, EchoBot, Sandbox]) -> None:
    _, echo, sandbox = town
    del echo.heard[:]
    echo.failing["再来"] = TRIES - 1
    assert asyncio.run(sandbox.say(RESIDENT, "再来")) == "收到：再来"
    assert len(echo.heard) == TRIES
    assert len({fields["MsgId"] for fields in echo.heard}) == 1


@pytest.mark.parametrize("text", ["乱", "总是坏"])
def test_a_bot_that_fails_is_shown_as_out_of_order(town: tuple[str, EchoBot, Sandbox], text: str) -> None:
    _, echo, sandbox = town
    echo.failing["总是坏"] = TRIES
    with pytest.raises(Unanswered):
        asyncio.run(sandbox.say("o-waiting", text))
    assert sandbox.chats.history("o-waiting")[-1].text == SILENCE


def test_a_slow_bot_is_asked_again_and_at_last_given_up(town: tuple[str, EchoBot, Sandbox]) -> None:
    url, echo, _ = town
    del echo.heard[:]
    hasty = Sandbox(
        bot_url=url,
        official=OFFICIAL,
        aibot=AIBOT,
        aibot_id=KEYS["aibot_id"],
        app_secret=KEYS["wechat_app_secret"],
        cast=CAST,
        answer_seconds=0.1,
    )
    with pytest.raises(Unanswered, match="ReadTimeout"):
        asyncio.run(hasty.say(RESIDENT, "慢"))
    assert [fields["Content"] for fields in echo.heard] == ["慢"] * TRIES


def test_in_a_group_the_robot_is_mentioned_and_answers_there(town: tuple[str, EchoBot, Sandbox]) -> None:
    _, echo, sandbox = town
    assert asyncio.run(sandbox.say_in_group("HeChunmei", "QH-XF", "报平安")) == "收到：@码上办 报平安"
    assert echo.heard[-1] == {"chat": "wr-QH-XF", "userid": "HeChunmei"}
    shown = [(line.sender, line.text) for line in sandbox.chats.history("wr-QH-XF")]
    assert shown == [("o-hechunmei", "@码上办 报平安"), ("bot", "收到：@码上办 报平安")]
    assert sandbox.group_messages("QH-XF") == [], "an answer is no notice"


def test_the_page_may_say_only_what_wechat_lets_one_say(town: tuple[str, EchoBot, Sandbox]) -> None:
    url, _, _ = town

    def say(**fields: str) -> tuple[int, str]:
        answer = httpx.post(f"{url}/sandbox/api/say", json={"as": RESIDENT, **fields}, trust_env=False)
        return answer.status_code, next(iter(answer.json().values()))

    assert say(text="你好") == (200, "收到：你好")
    assert say(text="") == (400, "请写 1 到 2000 个字")
    assert say(text="长" * 2001) == (400, "请写 1 到 2000 个字")
    assert say(**{"as": "o-nobody"}, text="喂") == (400, "没有这个人")
    assert say(chat="wr-QH-XF", text="喂") == (400, "李秀英不在工作群里")
    assert say(chat="wr-nowhere", text="喂") == (400, "没有这个群")
    assert say(kind="location", lat="北", lng="0") == (400, "位置不对")
    assert say(kind="location", lat="nan", lng="0") == (400, "位置不对")
    assert say(kind="image") == (400, "请选一张图片")
    assert say(kind="dance") == (400, "不认识的消息类型")
    broken = httpx.post(
        f"{url}/sandbox/api/say",
        content=b"{",
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert (broken.status_code, broken.json()) == (400, {"error": "请求不是一个 JSON 对象"})


def test_a_page_that_lost_its_connection_hears_what_it_missed(
    town: tuple[str, EchoBot, Sandbox],
) -> None:
    url, _, sandbox = town
    seen = sandbox.chats.latest()
    asyncio.run(sandbox.say("o-away", "一"))
    resumed = {"Last-Event-ID": str(seen)}
    with httpx.stream("GET", f"{url}/sandbox/api/live", headers=resumed, trust_env=False) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        data = [json.loads(line[6:]) for line in itertools.islice(lines, 10) if line.startswith("data: {")]
    assert [line["text"] for line in data] == ["一", "收到：一"]


def test_nothing_but_the_page_files_is_served(town: tuple[str, EchoBot, Sandbox]) -> None:
    url, _, _ = town
    paths = ("static/app.py", "static/..%2Fapp.py", "qr/NOPE.svg", "media/none")
    codes = [httpx.get(f"{url}/sandbox/{path}", trust_env=False).status_code for path in paths]
    assert codes == [404, 404, 404, 404]


def test_a_listener_hears_what_it_missed_and_what_comes_until_the_end() -> None:
    async def story() -> list[str]:
        chats = Chats()
        first = chats.add("a", "a", "一", via="person", at=1)
        chats.add("a", "a", "二", via="person", at=2)
        heard = []
        async for line in chats.listen(after=first.id):
            heard.append(line.text)
            if line.text == "二":
                await asyncio.to_thread(chats.add, "b", "b", "三", via="person", at=3)
            if line.text == "三":
                chats.close()
        return heard

    assert asyncio.run(story()) == ["二", "三"]


def _rows(name: str) -> list[dict[str, str]]:
    with (casts.COUNTY / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
