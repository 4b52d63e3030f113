"""Tencent's servers as a crash meets them: many messages in flight, a dead peer, the same messages again."""

import asyncio
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx

from bot.sandbox import wire
from bot.sandbox.app import settings as sandbox_values
from bot.sandbox.wire import OfficialKeys
from tests import processes
from tests.processes import PATIENCE_SECONDS, Forked
from tests.town import CAST

ROOT = Path(__file__).parent.parent
CONNECTIONS = 32
STARTED = "码上办已启动："
_values = sandbox_values()
KEYS = OfficialKeys(_values["wechat_app_id"], _values["wechat_token"], _values["wechat_aes_key"], "safe")
TEXTS = ("幸福社区3号楼前面的井盖破了", "路灯不亮三天了", "楼下有人打架", "垃圾没人清运")


@contextmanager
def server(database_url: str, folder: Path) -> Iterator[tuple[Forked, str]]:
    """A server process on the database, and its address; killed at the end if it still runs."""
    settings = {
        "MASHANG_DATABASE_URL": database_url,
        "MASHANG_SANDBOX": "1",
        "MASHANG_PORT": "0",
        "MASHANG_RULES_DIR": str(ROOT / "rules"),
    }
    log = folder / "server.log"
    process = processes.mashang("serve", cwd=ROOT, env=settings, err=log)
    try:
        line = process.stdout.readline()
        assert line.startswith(STARTED), (line, log.read_text(encoding="utf-8")[-2000:])
        url = line.removeprefix(STARTED).strip()
        _wait_until_ready(url)
        yield process, url
    finally:
        process.close()


def _wait_until_ready(url: str) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < ends_at:
        try:
            if httpx.get(f"{url}/readyz", trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.02)
    raise TimeoutError(f"{url} is not ready")


@dataclass
class Platform:
    """Everything sent so far, by message id, and the answers that came back."""

    sent: dict[str, dict[str, str | int]] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    unequal: list[str] = field(default_factory=list)
    in_flight: int = 0
    _ids: "count[int]" = field(default_factory=lambda: count(7_000_000_000_001))

    def new_message(self) -> str:
        """A report of a stranger; each eighth is a worker's check-in that also reports."""
        number = next(self._ids)
        text = TEXTS[number % len(TEXTS)]
        sender = f"stranger-{number}"
        if number % 8 == 0:
            sender, text = CAST["何春梅"].openid, f"今日平安，{text}"
        fields = wire.text_fields("gh_mashang", sender, text, number, int(time.time()))
        self.sent[str(number)] = fields
        return str(number)

    def unanswered(self) -> list[str]:
        return [message_id for message_id in self.sent if message_id not in self.answers]

    def crash(self, process: Forked, url: str, after_seconds: float) -> int:
        """Send without a pause, kill -9 so long after the first answer; how many were in flight then."""
        return asyncio.run(self._crash(process, url, after_seconds))

    async def _crash(self, process: Forked, url: str, after_seconds: float) -> int:
        killed: list[int] = []
        before = len(self.answers)

        async def kill() -> None:
            while len(self.answers) == before:
                await asyncio.sleep(0.005)
            await asyncio.sleep(after_seconds)
            killed.append(self.in_flight)
            process.kill()

        async def keep_sending(http: httpx.AsyncClient) -> None:
            while not killed:
                await self._deliver(http, url, self.new_message())

        async with _http() as http:
            await asyncio.gather(kill(), *(keep_sending(http) for _ in range(CONNECTIONS)))
        return killed[0]

    def deliver_again(self, url: str, message_ids: list[str]) -> None:
        asyncio.run(self._deliver_again(url, message_ids))

    async def _deliver_again(self, url: str, message_ids: list[str]) -> None:
        waiting = iter(message_ids)

        async def work(http: httpx.AsyncClient) -> None:
            for message_id in waiting:
                await self._deliver(http, url, message_id)

        async with _http() as http:
            await asyncio.gather(*(work(http) for _ in range(CONNECTIONS)))

    async def _deliver(self, http: httpx.AsyncClient, url: str, message_id: str) -> None:
        nonce = f"{random.getrandbits(40):x}"
        push = wire.official_push(KEYS, self.sent[message_id], timestamp=int(time.time()), nonce=nonce)
        self.in_flight += 1
        try:
            response = await http.post(f"{url}/wechat/official", params=push.query, content=push.body)
        except httpx.HTTPError:
            return
        finally:
            self.in_flight -= 1
        if response.status_code == 200:
            answer = wire.official_answer(KEYS, response.content)
            assert answer is not None
            if self.answers.setdefault(message_id, answer["Content"]) != answer["Content"]:
                self.unequal.append(message_id)


def _http() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx.AsyncClient(timeout=30, limits=limits, trust_env=False)
