"""`mashang replay`: a file of real texts becomes real encrypted official-account traffic."""

import asyncio
import csv
import io
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.sandbox import wire
from bot.sandbox.app import settings as sandbox_values
from bot.sandbox.wire import OfficialKeys
from bot.settings import Settings, current_key
from bot.text_file import read_text

NUMBER = re.compile(r"编号 (\d+)")
TIMEOUT_SECONDS = 30
TRIES_MAX = 4  # Tencent sends a message that got no answer three times more
PATH = "/wechat/official"


class CannotReplay(Exception):
    """Why nothing was sent, in one line."""


class _Unanswered(Exception):
    """Why a message has no answer."""


@dataclass
class Summary:
    """What came of it. Good: every message answered, each with a number, resent ones with the same answer."""

    sent: int = 0
    answered: int = 0
    unequal: int = 0
    failed: int = 0
    reason: str = ""  # why the first one failed
    seconds: float = 0.0
    numbers: set[int] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        return self.failed == 0 and self.unequal == 0 and self.answered == self.sent

    def text(self) -> str:
        rate = self.answered / self.seconds if self.seconds else 0
        because = f"（{self.reason}）" if self.reason else ""
        return (
            f"发出 {self.sent}，得到回答 {self.answered}，失败 {self.failed}{because}，"
            f"两次回答不同 {self.unequal}；"
            f"编号 {len(self.numbers)} 个；{self.seconds:.1f} 秒，每秒 {rate:.0f} 条"
        )


def read_column(file: Path, column: str, limit: int | None) -> list[str]:
    """The texts of one column; empty ones are left out."""
    try:
        reader = csv.DictReader(io.StringIO(read_text(file), newline=""))
        if column not in (reader.fieldnames or ()):
            raise CannotReplay(f"{file.name} 没有 {column} 这一列，有：{'、'.join(reader.fieldnames or ())}")
        texts = [text for row in reader if (text := (row[column] or "").strip())]
    except ValueError as error:
        raise CannotReplay(str(error)) from None
    except csv.Error as error:
        raise CannotReplay(f"{file.name} 不是正确的 CSV：{error}") from None
    return texts[:limit]


def keys_of(settings: Settings) -> OfficialKeys:
    """The account's keys from the settings; the sandbox's where none are set."""
    if settings.has_official:
        return OfficialKeys(
            settings.wechat_app_id,
            settings.wechat_token,
            current_key(settings.wechat_aes_key),
            settings.official_mode,
        )
    values = sandbox_values()
    return OfficialKeys(values["wechat_app_id"], values["wechat_token"], values["wechat_aes_key"], "safe")


def run(texts: Sequence[str], url: str, keys: OfficialKeys, *, deliveries: int, connections: int) -> Summary:
    """Send each text as a message of its own sender, `deliveries` times, `connections` at once."""
    return asyncio.run(_run(texts, url.rstrip("/"), keys, deliveries, connections))


async def _run(
    texts: Sequence[str], url: str, keys: OfficialKeys, deliveries: int, connections: int
) -> Summary:
    summary = Summary()
    mark = secrets.token_hex(4)  # senders and message ids of this run, apart from those of another
    jobs = [(index, text) for index, text in enumerate(texts) for _ in range(deliveries)]
    waiting = iter(jobs)
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS, limits=limits, trust_env=False) as http:
        await _knock(http, url)
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("发送", total=len(jobs))

            async def work() -> None:
                for index, text in waiting:
                    message_id = f"{int(mark, 16)}{index:08d}"
                    fields = wire.text_fields(
                        "gh_replay", f"replay-{mark}-{index}", text, int(message_id), int(time.time())
                    )
                    try:
                        _count(summary, message_id, await _push(http, url, keys, fields))
                    except _Unanswered as error:
                        summary.failed += 1
                        summary.reason = summary.reason or str(error)
                    summary.sent += 1
                    progress.advance(task)

            started = time.monotonic()
            await asyncio.gather(*(work() for _ in range(connections)))
            summary.seconds = time.monotonic() - started
    return summary


async def _knock(http: httpx.AsyncClient, url: str) -> None:
    """Whether anybody is there, before 500 messages find out one by one."""
    try:
        await http.get(url + PATH)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CannotReplay(f"连不上 {url}（{type(error).__name__}），请先启动服务：mashang serve") from None


async def _push(http: httpx.AsyncClient, url: str, keys: OfficialKeys, fields: dict[str, str | int]) -> str:
    """The text of the answer. Raises _Unanswered when there was none after all tries, or it was refused."""
    reason = ""
    for attempt in range(TRIES_MAX):
        push = wire.official_push(keys, fields, timestamp=int(time.time()), nonce=secrets.token_hex(5))
        try:
            response = await http.post(url + PATH, params=push.query, content=push.body)
            if response.status_code == 200:
                answer = wire.official_answer(keys, response.content)
                return answer["Content"] if answer else ""
            reason = f"HTTP {response.status_code} {response.text[:80]}"
            if response.is_client_error:
                break
        except httpx.HTTPError as error:
            reason = type(error).__name__
        except ValueError as error:
            reason = f"回答不对：{error}"
        await asyncio.sleep(0.2 * 2**attempt)
    raise _Unanswered(reason)


def _count(summary: Summary, message_id: str, answer: str) -> None:
    summary.answered += 1
    summary.unequal += summary.answers.setdefault(message_id, answer) != answer
    if match := NUMBER.search(answer):
        summary.numbers.add(int(match[1]))
