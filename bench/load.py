"""The load generator: kept-alive connections that each send, wait for the answer and send again.

It shares the machine with the server it measures, so it does as little as it can while the clock runs.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

OK = b"HTTP/1.1 200"
LAST_ANSWER_SECONDS = 30
SAMPLE_EVERY = 50  # one answer in so many is kept, to be opened after the clock has stopped
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass
class Load:
    """What came of it; `took` holds the seconds of each answer, `failed` counts all that was not HTTP 200."""

    seconds: float = 0.0
    failed: int = 0
    took: list[float] = field(default_factory=list)
    sample: list[bytes] = field(default_factory=list)


def push(requests: Sequence[bytes], url: str, *, connections: int, seconds: float) -> Load:
    """Send `requests` over `connections` until they or `seconds` run out; what is under way is awaited."""
    return uvloop.run(_push(requests, url, connections, seconds))


async def _push(requests: Sequence[bytes], url: str, connections: int, seconds: float) -> Load:
    loop, load, waiting = asyncio.get_running_loop(), Load(), iter(requests)
    address = urlsplit(url)
    assert address.hostname is not None and address.port is not None
    host, port = address.hostname, address.port
    started = time.perf_counter()
    async with asyncio.timeout(seconds + LAST_ANSWER_SECONDS):
        opened = [
            await loop.create_connection(lambda: _Connection(load, waiting, started + seconds), host, port)
            for _ in range(connections)
        ]
        for _, connection in opened:
            await connection.closed
    load.seconds = time.perf_counter() - started
    return load


class _Connection(asyncio.Protocol):
    def __init__(self, load: Load, waiting: Iterator[bytes], ends_at: float) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load, self._waiting, self._ends_at = load, waiting, ends_at
        self._received = b""
        self._sent_at: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send(time.perf_counter())

    def data_received(self, data: bytes) -> None:
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        body_at = head_end + 4
        length = _LENGTH.search(self._received, 0, head_end)
        if length is None:
            self._transport.abort()
        elif len(self._received) >= body_at + int(length[1]):
            self._answered(self._received[body_at:])

    def connection_lost(self, _error: Exception | None) -> None:
        if self._sent_at is not None:
            self._load.failed += 1
        self.closed.set_result(None)

    def _answered(self, body: bytes) -> None:
        now = time.perf_counter()
        assert self._sent_at is not None
        self._load.took.append(now - self._sent_at)
        if not self._received.startswith(OK):
            self._load.failed += 1
        elif len(self._load.took) % SAMPLE_EVERY == 1:
            self._load.sample.append(body)
        self._received, self._sent_at = b"", None
        self._send(now)

    def _send(self, now: float) -> None:
        request = next(self._waiting, None) if now < self._ends_at else None
        if request is None:
            self._transport.close()
            return
        self._sent_at = now
        self._transport.write(request)
