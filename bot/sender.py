"""Empties the outbox: claim a destination (short transaction), send (none), mark (short transaction)."""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from bot import delivery
from bot.channels import group, official_message
from bot.delivery import Later, Never
from bot.house import House
from bot.photos import BadPhoto, reencode
from store import outbox, photos
from store.outbox import Claim, Notice
from store.tx import Conflict

log = logging.getLogger("mashang.sender")
LEASE_SECONDS = 300
POLL_SECONDS = 2.0
GATHER_SECONDS = 0.2  # what is written meanwhile needs no waking of its own
THREADS = 4
BACKOFF_MAX = 300  # seconds: after an outage nobody waits longer than this
TRIES_MAX = 300  # about a day
# Tencent takes 20 messages a minute to one group; some seconds more, because no two clocks agree.
GROUP_PER_MINUTE = 20
GROUP_WINDOW = 65
SINGLES_MAX = 8  # more notices than this to one group at once are put together
SHORT_MAX = 60  # characters of a line when many notices are put together
HEAD_BYTES = 60  # room for the line above notices that are put together
PHOTO_BATCH = 8
PHOTO_BACKOFF_MAX = 3600
PHOTO_TRIES_MAX = 80  # about the three days for which WeChat keeps a photo


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message as it goes out. Its notices have arrived when the parcel that `ends` them has."""

    text: str
    format: str
    notices: tuple[Notice, ...]
    ends: bool = True

    @property
    def ids(self) -> list[int]:
        return [notice.id for notice in self.notices]

    @property
    def mentions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(userid for notice in self.notices for userid in notice.mentions))


class Sender:
    """One loop that sends, one that fetches photos. `wake` after something was written."""

    def __init__(self, house: House) -> None:
        self._house = house
        http = delivery.client()
        settings = house.settings
        self._groups = group.Groups(http, settings.wecom_api_base)
        self._official = (
            official_message.OfficialMessages(http, settings) if settings.wechat_app_secret else None
        )
        self._http = http
        self._stopping = threading.Event()
        self._woken = (threading.Event(), threading.Event())
        self._loops = [
            threading.Thread(target=self._run, args=(work, woken), name=f"mashang-{name}", daemon=True)
            for name, work, woken in zip(
                ("sender", "photos"), (self.send_due, self.fetch_due), self._woken, strict=True
            )
        ]
        self._senders = ThreadPoolExecutor(THREADS, thread_name_prefix="mashang-send")

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def wake(self) -> None:
        for woken in self._woken:
            woken.set()

    def stop(self) -> None:
        """Let what is being sent finish; what is still due stays due."""
        self._stopping.set()
        self.wake()
        for loop in self._loops:
            if loop.is_alive():
                loop.join()
        self._senders.shutdown()
        self._http.close()

    def _run(self, work: Callable[[], int], woken: threading.Event) -> None:
        while not self._stopping.is_set():
            try:
                if work():
                    continue  # there may be more
            except Exception:
                log.exception("the outbox could not be worked on; trying again")
            woken.wait(POLL_SECONDS)
            self._stopping.wait(GATHER_SECONDS)
            woken.clear()

    def send_due(self) -> int:
        """Send everything that is due by now; how many messages went out."""
        now = self._house.now()
        with self._house.db.read() as tx:
            if not outbox.any_due(tx, now=now):
                return 0
        claims = self._house.db.write(lambda tx: outbox.claim(tx, now=now, lease_seconds=LEASE_SECONDS))
        return sum(self._senders.map(self._deliver, claims))

    def fetch_due(self) -> int:
        """Fetch photos that lie at WeChat, re-encode and keep them; how many were kept."""
        if self._official is None:
            return 0
        now = self._house.now()
        with self._house.db.read() as tx:
            waiting = photos.due(tx, now=now, limit=PHOTO_BATCH)
        return sum(self._fetch(*photo, now=now) for photo in waiting if not self._stopping.is_set())

    def _deliver(self, claim: Claim) -> int:
        if claim.channel == "group":
            return _GroupDelivery(self._house, self._groups, claim, self._stopping).run()
        return self._deliver_private(claim)

    def _deliver_private(self, claim: Claim) -> int:
        """Customer messages to one person of the official account, one by one."""
        done, until = 0, 0
        for notice in claim.notices:
            if self._stopping.is_set():
                break
            try:
                self._send_private(claim.address, notice)
            except Later as later:
                until = _put_off(self._house, [notice], later)
                break
            except Never as never:
                _give_up(self._house, [notice], str(never))
            else:
                done += 1
                self._house.db.write(partial(outbox.sent, ids=[notice.id], now=self._house.now()))
        self._house.db.write(lambda tx: outbox.release(tx, claim, sends=[], until=until))
        return done

    def _send_private(self, openid: str, notice: Notice) -> None:
        if self._official is None:
            raise Never("公众号没有设置 AppSecret")
        for part in group.split(notice.text, official_message.LIMIT_BYTES):
            self._official.send(openid, part)

    def _fetch(self, photo_id: int, media_id: str, tries: int, *, now: int) -> bool:
        assert self._official is not None
        write = self._house.db.write
        try:
            jpeg = reencode(self._official.fetch_media(media_id))
        except Later as later:
            due_at = now + _pause(later, tries, PHOTO_BACKOFF_MAX)
            if tries + 1 < PHOTO_TRIES_MAX:
                write(lambda tx: photos.retry_at(tx, photo_id, due_at=due_at, tries=tries + 1))
            else:
                write(lambda tx: photos.give_up(tx, photo_id))
            return False
        except (Never, BadPhoto) as refusal:
            log.warning("photo %d cannot be fetched: %s", photo_id, refusal)
            write(lambda tx: photos.give_up(tx, photo_id))
            return False
        write(lambda tx: photos.keep(tx, photo_id, jpeg))
        return True


class _GroupDelivery:
    """What is due for one group, within its budget and in its order."""

    def __init__(self, house: House, groups: group.Groups, claim: Claim, stopping: threading.Event) -> None:
        self._house, self._groups, self._claim, self._stopping = house, groups, claim, stopping
        now = house.now()
        self._sends = [at for at in claim.sends if at > now - GROUP_WINDOW]

    def run(self) -> int:
        """Send until nothing is left, the budget is used up or the group cannot be reached."""
        sent, until = 0, 0
        refused: set[int] = set()
        for parcel in pack(self._claim.notices, GROUP_PER_MINUTE - len(self._sends)):
            if len(self._sends) >= GROUP_PER_MINUTE or self._stopping.is_set():
                break
            if refused.issuperset(parcel.ids):
                continue  # the rest of a text whose beginning was refused
            try:
                self._send(parcel)
            except Conflict:
                return sent  # the lease ran out: another sender goes on
            except Later as later:
                until = _put_off(self._house, parcel.notices, later)
                break
            except Never as never:
                _give_up(self._house, parcel.notices, str(never))
                refused.update(parcel.ids)
            else:
                sent += 1
        if len(self._sends) >= GROUP_PER_MINUTE:
            until = max(until, self._sends[-GROUP_PER_MINUTE] + GROUP_WINDOW)
        self._house.db.write(lambda tx: outbox.release(tx, self._claim, sends=self._sends, until=until))
        return sent

    def _send(self, parcel: Parcel) -> None:
        """Count first, then send: after a crash too little was sent, never too much."""
        now = self._house.now()
        self._sends.append(now)
        sends = list(self._sends)
        self._house.db.write(lambda tx: outbox.remember_sends(tx, self._claim, sends=sends))
        kind: group.Kind = "markdown" if parcel.format == "markdown" else "text"
        try:
            self._groups.send(self._claim.address, parcel.text, kind=kind, mentions=parcel.mentions)
        finally:
            # Tencent counts when it arrives, which was some time between then and now.
            self._sends[-1] = self._house.now()
        if parcel.ends:
            self._house.db.write(lambda tx: outbox.sent(tx, parcel.ids, now=now))


def pack(notices: Sequence[Notice], budget: int) -> list[Parcel]:
    """The messages that carry `notices`: one each while they are few, put together when they are many."""
    if len(notices) <= SINGLES_MAX:
        singles = [parcel for notice in notices for parcel in _parts(notice)]
        if len(singles) <= budget:
            return singles
    whole = _together(notices, [notice.text for notice in notices])
    if len(whole) <= budget:
        return whole
    return _together(notices, [_short(notice.text) for notice in notices])


def _parts(notice: Notice) -> list[Parcel]:
    """One notice, cut where it exceeds what Tencent takes at once."""
    limit = group.LIMIT_BYTES["markdown" if notice.format == "markdown" else "text"]
    texts = group.split(notice.text, limit)
    return [
        Parcel(text, notice.format, (notice,), ends=number == len(texts))
        for number, text in enumerate(texts, 1)
    ]


def _together(notices: Sequence[Notice], texts: Sequence[str]) -> list[Parcel]:
    """As few messages as hold all texts, in order, each under a line that says how many it holds."""
    limit = group.LIMIT_BYTES["text"] - HEAD_BYTES
    parcels: list[Parcel] = []
    held: list[tuple[Notice, str]] = []
    size = 0
    for notice, text in zip(notices, texts, strict=True):
        fitting = group.split(text, limit)[0]
        if held and size + len(fitting.encode()) + 1 > limit:
            parcels.append(_one_of(held))
            held, size = [], 0
        held.append((notice, fitting))
        size += len(fitting.encode()) + 1  # the line feed
    if held:
        parcels.append(_one_of(held))
    return parcels


def _one_of(held: Sequence[tuple[Notice, str]]) -> Parcel:
    text = "\n".join([f"【{len(held)} 条通知】", *(text for _, text in held)])
    return Parcel(text, "text", tuple(notice for notice, _ in held))


def _short(text: str) -> str:
    """A notice in one line: its head, and the beginning of what follows."""
    line = " ".join(part.strip() for part in text.splitlines() if part.strip())
    return line if len(line) <= SHORT_MAX else line[: SHORT_MAX - 1] + "…"


def _put_off(house: House, notices: Sequence[Notice], later: Later) -> int:
    """Try again after a while, longer each time; give up after TRIES_MAX.

    Returns when to try the destination again: what was written later must not overtake these.
    """
    tries = max(notice.tries for notice in notices)
    due_at = house.now() + _pause(later, tries, BACKOFF_MAX)
    if tries + 1 >= TRIES_MAX:
        _give_up(house, notices, str(later))
    else:
        ids = [notice.id for notice in notices]
        house.db.write(lambda tx: outbox.retry_at(tx, ids, due_at=due_at, error=str(later)))
    return due_at


def _pause(later: Later, tries: int, most: int) -> int:
    """Seconds until the next try: twice as long each time, and at most `most`."""
    doublings = min(tries, most.bit_length())
    return int(min(later.seconds * 2**doublings, most))


def _give_up(house: House, notices: Sequence[Notice], why: str) -> None:
    log.warning("%d notices cannot be sent: %s", len(notices), why)
    house.db.write(lambda tx: outbox.give_up(tx, [notice.id for notice in notices], error=why))
