"""Browsers that are signed in: a link is offered, used once, and becomes a session until it ends."""

from dataclasses import dataclass

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import sessions
from store.tx import Tx, change_one


@dataclass(frozen=True, slots=True)
class Session:
    """`scope` is what it may see: me (the own affairs) or work; `path` is the page its link led to."""

    id: int
    person_id: int
    scope: str
    path: str


_SESSION = [sessions.c[name] for name in Session.__dataclass_fields__]
_BY_LINK = Prepared(
    sa.select(*_SESSION).where(
        sessions.c.link_hash == sa.bindparam("link_hash"),
        sessions.c.cookie_hash.is_(None),
        sessions.c.ended_at.is_(None),
        sessions.c.link_until > sa.bindparam("now"),
    )
)
_BY_COOKIE = Prepared(
    sa.select(*_SESSION).where(
        sessions.c.cookie_hash == sa.bindparam("cookie_hash"),
        sessions.c.scope == sa.bindparam("scope"),
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > sa.bindparam("now"),
    )
)
_LIVING = sessions.c.ended_at.is_(None)


def offer(
    tx: Tx, *, person_id: int, scope: str, path: str, link_hash: str, link_until: int, now: int
) -> None:
    """Keep a link; the links offered before for the same scope are dead."""
    unused = sa.update(sessions).where(
        sessions.c.person_id == person_id,
        sessions.c.scope == scope,
        sessions.c.cookie_hash.is_(None),
        _LIVING,
    )
    tx.execute(unused.values(ended_at=now))
    row = {"person_id": person_id, "scope": scope, "path": path, "link_hash": link_hash}
    tx.execute(sa.insert(sessions), {**row, "offered_at": now, "link_until": link_until})


def offered_since(tx: Tx, person_id: int, since: int) -> int:
    """How many links somebody asked for since a moment."""
    query = sa.select(sa.func.count()).where(sessions.c.person_id == person_id, sessions.c.offered_at > since)
    return int(tx.execute(query).scalar_one())


def by_link(tx: Tx, link_hash: str, *, now: int) -> Session | None:
    """The session a link would begin; None where it was used, has ended or never was."""
    row = tx.execute(_BY_LINK, {"link_hash": link_hash, "now": now}).first()
    return Session(*row) if row else None


def begin(tx: Tx, session: Session, *, cookie_hash: str, expires_at: int) -> None:
    """The link was used. Raises Conflict when somebody used it first."""
    unused = sa.update(sessions).where(sessions.c.id == session.id, sessions.c.cookie_hash.is_(None), _LIVING)
    change_one(tx, unused.values(cookie_hash=cookie_hash, expires_at=expires_at))


def by_cookie(tx: Tx, cookie_hash: str, scope: str, *, now: int) -> Session | None:
    row = tx.execute(_BY_COOKIE, {"cookie_hash": cookie_hash, "scope": scope, "now": now}).first()
    return Session(*row) if row else None


def end_all(tx: Tx, person_id: int, *, now: int) -> int:
    """End every session and link of a person; how many browsers were signed in until now."""
    living = sa.update(sessions).where(sessions.c.person_id == person_id, _LIVING)
    begun = living.where(sessions.c.cookie_hash.is_not(None), sessions.c.expires_at > now)
    ended = tx.execute(begun.values(ended_at=now)).rowcount
    tx.execute(living.values(ended_at=now))
    return ended


def end(tx: Tx, session: Session, *, now: int) -> None:
    """End one; twice is the same as once."""
    tx.execute(sa.update(sessions).where(sessions.c.id == session.id, _LIVING).values(ended_at=now))
