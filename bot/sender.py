"""Empties the outbox: claim a destination (short transaction), send (none), mark (short transaction)."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from bot import delivery
from bot.channels import group, official_message
from bot.delivery import Later, Never
from bot.house import House
from bot.photos import BadPhoto, reencode
from store import outbox, photos
from store.outbox import Claim, Notice

log = logging.getLogger("mashang.sender")
LEASE_SECONDS = 300
POLL_SECONDS = 2.0
THREADS = 4
TRIES_MAX = 10
BACKOFF_MAX = 3600
# Tencent takes 20 messages a minute to one group; some seconds more, because arrival lags behind sending.
GROUP_PER_MINUTE = 20
GROUP_WINDOW = 65
SINGLES_MAX = 8  # more notices than this to one group at once are put together
SHORT_MAX = 60  # characters of a line when many notices are put together
PHOTO_BATCH = 8
PHOTO_TRIES_MAX = 8


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message as it goes out, and the notices it carries to their end."""

    text: str
    format: str
    ids: list[int] = field(default_factory=list)
    mentions: tuple[str, ...] = ()


class Sender:
    """One loop that claims, some threads that send. `wake` after something was written."""

    def __init__(self, house: House) -> None:
        self._house = house
        http = delivery.client()
        settings = house.settings
        self._groups = group.Groups(http, settings.wecom_api_base)
        self._official = (
            official_message.OfficialMessages(http, settings) if settings.wechat_app_secret else None
        )
        self._http = http
        self._woken = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="mashang-sender", daemon=True)
        self._senders = ThreadPoolExecutor(THREADS, thread_name_prefix="mashang-send")

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def stop(self) -> None:
        """Let what is being sent finish; what is still due stays due."""
        self._stopping = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._senders.shutdown()
        self._http.close()

    def _run(self) -> None:
        while not self._stopping:
            self._woken.wait(POLL_SECONDS)
            self._woken.clear()
            try:
                self.send_due()
                self.fetch_due()
            except Exception:
                log.exception("the outbox could not be worked on; trying again")

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
        return sum(self._fetch(*photo, now=now) for photo in waiting)

    def _deliver(self, claim: Claim) -> int:
        if claim.channel == "group":
            return _GroupDelivery(self._house, self._groups, claim).run()
        return self._deliver_private(claim)

    def _deliver_private(self, claim: Claim) -> int:
        """Customer messages to one person of the official account, one by one."""
        done, write = 0, self._house.db.write
        for notice in claim.notices:
            try:
                if self._official is None:
                    raise Never("公众号没有设置 AppSecret")
                for part in group.split(notice.text, official_message.LIMIT_BYTES):
                    self._official.send(claim.address, part)
            except Later as later:
                _put_off(self._house, [notice], later)
                break
            except Never as never:
                _give_up(self._house, [notice.id], str(never))
            else:
                done += 1
                write(partial(outbox.sent, ids=[notice.id], now=self._house.now()))
        write(lambda tx: outbox.release(tx, claim, sends=[], until=0))
        return done

    def _fetch(self, photo_id: int, media_id: str, tries: int, *, now: int) -> bool:
        assert self._official is not None
        write = self._house.db.write
        try:
            jpeg = reencode(self._official.fetch_media(media_id))
        except Later as later:
            if tries + 1 < PHOTO_TRIES_MAX:
                due_at = now + later.seconds * 2**tries
                write(lambda tx: photos.retry_at(tx, photo_id, due_at=due_at, tries=tries + 1))
                return False
            write(lambda tx: photos.give_up(tx, photo_id))
            return False
        except (Never, BadPhoto) as refusal:
            log.warning("photo %d cannot be fetched: %s", photo_id, refusal)
            write(lambda tx: photos.give_up(tx, photo_id))
            return False
        write(lambda tx: photos.keep(tx, photo_id, jpeg))
        return True


class _GroupDelivery:
    """What is due for one group, within its budget."""

    def __init__(self, house: House, groups: group.Groups, claim: Claim) -> None:
        self._house, self._groups, self._claim = house, groups, claim
        now = house.now()
        self._sends = [at for at in claim.sends if at > now - GROUP_WINDOW]

    def run(self) -> int:
        sent, until = 0, 0
        for parcel in pack(self._claim.notices, GROUP_PER_MINUTE - len(self._sends)):
            if len(self._sends) >= GROUP_PER_MINUTE:
                break
            try:
                self._send(parcel)
            except Later as later:
                carried = [notice for notice in self._claim.notices if notice.id in parcel.ids]
                _put_off(self._house, carried, later)
                until = self._house.now() + later.seconds
                break
            except Never as never:
                _give_up(self._house, parcel.ids, str(never))
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
        self._groups.send(self._claim.address, parcel.text, kind=kind, mentions=parcel.mentions)
        if parcel.ids:
            self._house.db.write(lambda tx: outbox.sent(tx, parcel.ids, now=now))


def pack(notices: list[Notice], budget: int) -> list[Parcel]:
    """The messages that carry `notices`: one each while they are few, put together when they are many.

    A text over Tencent's limit goes out in parts; its notice counts as sent with the last one.
    """
    singles = [part for notice in notices[: SINGLES_MAX + 1] for part in _parts(notice)]
    if len(notices) <= SINGLES_MAX and len(singles) <= budget:
        return singles
    lines = [_short(notice.text) for notice in notices]
    whole = [notice.text for notice in notices]
    together = _together(notices, whole)
    return together if len(together) <= budget else _together(notices, lines)


def _parts(notice: Notice) -> list[Parcel]:
    limit = group.LIMIT_BYTES["markdown" if notice.format == "markdown" else "text"]
    texts = group.split(notice.text, limit)
    last = len(texts) - 1
    return [
        Parcel(text, notice.format, [notice.id] if i == last else [], tuple(notice.mentions))
        for i, text in enumerate(texts)
    ]


def _together(notices: list[Notice], texts: list[str]) -> list[Parcel]:
    """As few messages as hold all texts, in order, each under a line that says how many it holds."""
    limit = group.LIMIT_BYTES["text"] - 60  # room for the head line
    parcels: list[Parcel] = []
    held: list[str] = []
    ids: list[int] = []
    mentions: list[str] = []

    def close() -> None:
        if ids:
            head = f"【{len(ids)} 条通知】"
            parcels.append(
                Parcel("\n".join([head, *held]), "text", list(ids), tuple(dict.fromkeys(mentions)))
            )
        held.clear()
        ids.clear()
        mentions.clear()

    for notice, text in zip(notices, texts, strict=True):
        fitting = group.split(text, limit)[0]
        if len("\n".join([*held, fitting]).encode()) > limit:
            close()
        held.append(fitting)
        ids.append(notice.id)
        mentions.extend(notice.mentions)
    close()
    return parcels


def _short(text: str) -> str:
    """A notice in one line: its head, and the beginning of what follows."""
    line = " ".join(part.strip() for part in text.splitlines() if part.strip())
    return line if len(line) <= SHORT_MAX else line[: SHORT_MAX - 1] + "…"


def _put_off(house: House, notices: list[Notice], later: Later) -> None:
    """Try again after a while, longer each time; give up after TRIES_MAX."""
    worn = [notice.id for notice in notices if notice.tries + 1 >= TRIES_MAX]
    if worn:
        _give_up(house, worn, str(later))
    for tries in sorted({notice.tries for notice in notices if notice.id not in worn}):
        ids = [notice.id for notice in notices if notice.tries == tries]
        due_at = house.now() + min(later.seconds * 2**tries, BACKOFF_MAX)
        house.db.write(partial(outbox.retry_at, ids=ids, due_at=due_at, error=str(later)))


def _give_up(house: House, ids: list[int], why: str) -> None:
    log.warning("%d notices cannot be sent: %s", len(ids), why)
    house.db.write(lambda tx: outbox.give_up(tx, ids, error=why))
