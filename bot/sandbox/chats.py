"""What was said in the sandbox, chat by chat, in memory; who listens hears it at once."""

import asyncio
import itertools
import threading
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass

LINES_KEPT = 1000  # in each chat
LINES_RESUMED = 500  # of all chats, for a page that lost its connection for a moment
LISTENER_BACKLOG = 1000

BOT = "bot"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble of one chat."""

    id: int  # rises over all chats
    chat: str  # the person's openid in private, else the group's chat id
    sender: str  # openid, BOT or SYSTEM
    via: str  # person | reply | webhook | custom | system
    kind: str  # text | markdown | image | location | scan | subscribe
    text: str
    at: int  # UTC seconds
    media: str = ""  # media id of an image
    mentions: tuple[str, ...] = ()  # userids, or "@all"


class Chats:
    """All chats. Lines may be added from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._chats: dict[str, deque[Line]] = defaultdict(lambda: deque(maxlen=LINES_KEPT))
        self._latest: deque[Line] = deque(maxlen=LINES_RESUMED)
        self._listeners: set[_Listener] = set()

    def add(
        self,
        chat: str,
        sender: str,
        text: str,
        *,
        via: str,
        at: int,
        kind: str = "text",
        media: str = "",
        mentions: tuple[str, ...] = (),
    ) -> Line:
        with self._lock:
            line = Line(next(self._ids), chat, sender, via, kind, text, at, media, mentions)
            self._chats[chat].append(line)
            self._latest.append(line)
            for listener in self._listeners:
                listener.tell(line)
        return line

    def history(self, chat: str) -> list[Line]:
        """The kept lines of a chat, oldest first."""
        with self._lock:
            return list(self._chats[chat]) if chat in self._chats else []

    def latest(self) -> int:
        """The id of the youngest line, 0 before the first."""
        with self._lock:
            return self._latest[-1].id if self._latest else 0

    async def listen(self, after: int) -> AsyncIterator[Line]:
        """Every line younger than the line `after`, those to come included; ends with `close`."""
        listener = _Listener()
        with self._lock:
            missed = [line for line in self._latest if line.id > after]
            self._listeners.add(listener)
        try:
            for line in missed:
                yield line
            while (heard := await listener.next()) is not None:
                yield heard
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def close(self) -> None:
        """End every `listen`, so that a server may stop while pages are open."""
        with self._lock:
            for listener in self._listeners:
                listener.tell(None)


class _Listener:
    """A queue of one event loop that any thread may fill."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Line | None] = asyncio.Queue()

    def tell(self, line: Line | None) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._put, line)

    async def next(self) -> Line | None:
        return await self._queue.get()

    def _put(self, line: Line | None) -> None:
        # Who reads too slowly is sent away: its page comes back and asks for what it missed.
        self._queue.put_nowait(None if self._queue.qsize() >= LISTENER_BACKLOG else line)
