"""A server as its operator sees it: healthy, ready, quiet about people, and gone soon when asked to stop."""

import asyncio
import json
import sqlite3
import time
from pathlib import Path

import httpx
import pytest

from bot import server
from bot.house import StartError
from bot.sandbox import wire
from bot.settings import Settings
from store import exports, units
from store.db import Database
from tests.commands import KEYS, ROOT, RULES, SANDBOX, Server, push, run, serving
from tests.postgres import Cluster

STOP_SECONDS = 6  # on a busy machine; it must not wait for the 10 after which streams are cut off
OURS = {
    "MASHANG_WECHAT_APP_ID": "wx0123456789abcdef",
    "MASHANG_WECHAT_APP_SECRET": "our-own-secret",
    "MASHANG_WECHAT_TOKEN": "ourOwnToken",
    "MASHANG_WECHAT_AES_KEY": "bWFzaGFuZy1zYW5kYm94LXJvYm90LW5vdC1zZWNyZXQ",
}


def lines(running: Server) -> list[dict[str, str]]:
    return [json.loads(line) for line in running.log.read_text(encoding="utf-8").splitlines()]


def cases(file: Path) -> list[str]:
    db = Database(f"sqlite:///{file}")
    with db.read() as tx:
        texts = [row["text"] for row in exports.rows(tx, "cases")]
    db.close()
    return texts


def test_a_sandbox_is_healthy_and_ready_and_shows_its_page(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert (running.get("/healthz").json(), running.get("/healthz").status_code) == ({"ok": True}, 200)
        ready = running.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"schema": True, "rules": True, "county": True})
        assert running.get("/sandbox").status_code == 200
        assert running.get("/").headers["location"] == "/sandbox"
        assert running.stop() == 0


def test_a_server_that_nothing_was_imported_into_is_healthy_but_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path, {**RULES, "MASHANG_PORT": "0"}) as running:
        ready = running.get("/readyz")
        assert running.get("/healthz").status_code == 200
        assert (ready.status_code, ready.json()) == (503, {"schema": True, "rules": True, "county": False})
        assert running.get("/sandbox").status_code == 404
        told = running.log.read_text(encoding="utf-8").splitlines()
        assert [line for line in told if "slow work" not in line] == [  # as a busy machine may be
            "提醒：没有设 MASHANG_PUBLIC_URL，二维码和进度链接只能在本机打开"
        ]


def test_a_server_whose_postgresql_goes_away_is_alive_but_not_ready(
    tmp_path: Path, cluster: Cluster, postgres_county: str
) -> None:
    url = cluster.create("away", postgres_county)
    with serving(tmp_path, {**SANDBOX, "MASHANG_DATABASE_URL": url.replace("+psycopg", "")}) as running:
        assert running.get("/readyz").status_code == 200
        cluster.drop("away")
        ready = running.get("/readyz")
        assert (ready.status_code, ready.json()) == (503, {"schema": False, "rules": True, "county": True})
        assert running.get("/healthz").status_code == 200
        assert running.say("井盖坏了", 1).status_code == 503


def test_it_stops_soon_though_a_page_listens_to_the_live_stream(sandbox: Path) -> None:
    with (
        serving(sandbox) as running,
        httpx.stream("GET", f"{running.url}/sandbox/api/live", trust_env=False, timeout=20) as live,
    ):
        assert next(live.iter_text()).startswith("id: ")
        started = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - started < STOP_SECONDS


def test_it_stops_soon_though_a_group_does_not_answer(sandbox: Path) -> None:
    env = {**SANDBOX, "MASHANG_WECOM_API_BASE": "http://127.0.0.1:1"}
    with serving(sandbox, env) as running:
        for number in range(20):
            assert running.say(f"幸福社区第二网格{number}号楼井盖坏了", number).status_code == 200
        started = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - started < STOP_SECONDS
    exported = run("export", "notices", cwd=sandbox).out.splitlines()
    assert {json.loads(line)["state"] for line in exported} == {"due"}


def test_what_was_acknowledged_before_the_stop_is_in_the_database(sandbox: Path) -> None:
    with serving(sandbox) as running:
        answered = asyncio.run(_talk(running, until_answered=40))
        assert running.process.wait() == 0
    assert len(answered) >= 40
    assert answered - set(cases(sandbox / "mashang.db")) == set()


async def _talk(running: Server, until_answered: int) -> set[str]:
    """Sixteen residents report without a pause while the server stops; what was acknowledged."""
    answered: set[str] = set()

    url = f"{running.url}/wechat/official"

    async def resident(who: int, http: httpx.AsyncClient) -> None:
        for turn in range(10_000):
            text = f"{who}号居民第{turn}次反映路灯坏了"
            sent = push(text, who * 10_000 + turn, openid=f"o-{who}-{turn}")
            try:
                response = await http.post(url, params=sent.query, content=sent.body)
            except httpx.HTTPError:
                return
            if response.status_code != 200:
                return
            answered.add(text)
            if len(answered) == until_answered:
                running.process.terminate()

    async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
        await asyncio.gather(*(resident(who, http) for who in range(16)))
    return answered


def test_the_log_is_json_and_holds_no_phone_no_text_no_key_and_no_token(sandbox: Path) -> None:
    """A trigger that refuses every case makes a handler fail on a message with everything personal in it."""
    with serving(sandbox, {**SANDBOX, "MASHANG_WECOM_API_BASE": "http://127.0.0.1:1"}) as running:
        db = Database(f"sqlite:///{sandbox}/mashang.db")
        key = _a_webhook_key(db)
        _forbid_cases(sandbox / "mashang.db")
        answer = running.say("我叫王秀兰，电话13812345678，幸福路3号井盖坏了", 77)
        assert answer.status_code == 200
        running.get("/p/some-guessed-token-of-a-case")
        assert run("inbox", "retry", cwd=sandbox).status == 1
        db.close()
    log = running.log.read_text(encoding="utf-8")
    assert [line["level"] for line in lines(running) if line["level"] == "error"] == ["error", "error"]
    assert "official text 77 failed and is kept for a retry" in log
    personal = [
        "王秀兰",
        "13812345678",
        "幸福路",
        "井盖",
        "o-somebody",
        key,
        "some-guessed-token",
        KEYS.token,
    ]
    assert [secret for secret in personal if secret in log] == []


def _a_webhook_key(db: Database) -> str:
    with db.read() as tx:
        return units.load(tx).by_code["QH-XF"].group_webhook.partition("key=")[2]


def _forbid_cases(file: Path) -> None:
    with sqlite3.connect(file, timeout=10) as connection:
        connection.execute(
            "CREATE TRIGGER no_cases BEFORE INSERT ON cases BEGIN SELECT RAISE(ABORT, 'no cases today'); END"
        )
    connection.close()


def test_a_sandbox_uses_the_keys_it_was_given_and_its_own_for_the_rest(sandbox: Path) -> None:
    with serving(sandbox, {**SANDBOX, **OURS}) as running:
        ours = wire.OfficialKeys(*(OURS[f"MASHANG_WECHAT_{name}"] for name in ("APP_ID", "TOKEN", "AES_KEY")))
        answer = wire.official_answer(ours, running.say("幸福社区第二网格井盖坏了", 1, ours).content)
        assert answer["Content"].splitlines()[0] == "收到，编号 1001，类别：市政设施。"
        assert running.say("井盖坏了", 2).status_code == 403
        spoken = httpx.post(
            f"{running.url}/sandbox/api/say",
            json={"as": "o-lixiuying", "kind": "text", "text": "积分"},
            trust_env=False,
            timeout=10,
        )
        assert (spoken.status_code, spoken.json()) == (200, {"reply": "您现有 0 分。"})


def test_a_house_that_cannot_open_leaves_the_port_free(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None, database_url="sqlite:////nowhere/town.db", rules_dir=ROOT / "rules", port=0
    )
    _, bound = server.prepare(settings)
    port = bound.getsockname()[1]
    bound.close()
    for _ in range(2):
        with (
            pytest.raises(StartError, match="打不开数据库"),
            server.running(settings.model_copy(update={"port": port})),
        ):
            raise AssertionError("it must not start")
