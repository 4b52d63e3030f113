"""Photos of cases: re-encoded JPEG bytes, or a mark that one must still be fetched from WeChat."""

import sqlalchemy as sa

from store.prepared import Prepared
from store.tables import photos
from store.tx import Tx

_JOIN = Prepared(
    sa.update(photos)
    .where(
        photos.c.account_id == sa.bindparam("account"),
        photos.c.case_id.is_(None),
        photos.c.application_id.is_(None),
        photos.c.at >= sa.bindparam("since"),
    )
    .values(case_id=sa.bindparam("case"))
)
_SHOW = Prepared(
    sa.update(photos)
    .where(
        photos.c.account_id == sa.bindparam("account"),
        photos.c.case_id.is_(None),
        photos.c.application_id.is_(None),
        photos.c.at >= sa.bindparam("since"),
    )
    .values(application_id=sa.bindparam("application"))
)


def add(
    tx: Tx, *, jpeg: bytes, now: int, case_id: int | None = None, application_id: int | None = None
) -> None:
    """Keep a photo of a case or an application that was re-encoded outside the unit of work."""
    of = {"case_id": case_id, "application_id": application_id}
    tx.execute(sa.insert(photos).values(**of, jpeg=jpeg, state="kept", at=now, due_at=now))


def add_due(
    tx: Tx,
    *,
    case_id: int | None,
    account_id: int,
    media_id: str,
    now: int,
    application_id: int | None = None,
) -> None:
    """Mark a photo that lies at WeChat (for three days) and must be fetched.

    Without a case or an application it waits for what its sender says next.
    """
    values = {"case_id": case_id, "account_id": account_id, "media_id": media_id}
    values["application_id"] = application_id
    tx.execute(sa.insert(photos).values(**values, state="due", at=now, due_at=now))


def join(tx: Tx, *, case_id: int, account_id: int, since: int) -> int:
    """Let photos that the account sent ahead of its report join the case; how many there were."""
    return tx.execute(_JOIN, {"account": account_id, "since": since, "case": case_id}).rowcount


def show(tx: Tx, *, application_id: int, account_id: int, since: int) -> int:
    """Let photos that the account sent ahead of its application belong to it; how many there were."""
    shown = {"account": account_id, "since": since, "application": application_id}
    return tx.execute(_SHOW, shown).rowcount


def newest_waiting(tx: Tx, *, account_id: int, since: int) -> tuple[int, bytes | None] | None:
    """(photo id, JPEG or None while it is fetched) of the newest photo of an account that no report took."""
    query = (
        sa.select(photos.c.id, photos.c.jpeg)
        .where(
            photos.c.account_id == account_id,
            photos.c.case_id.is_(None),
            photos.c.application_id.is_(None),
            photos.c.state != "failed",
            photos.c.at >= since,
        )
        .order_by(photos.c.id.desc())
    )
    row = tx.execute(query.limit(1)).first()
    return (row[0], row[1]) if row else None


def drop(tx: Tx, photo_id: int) -> None:
    """Forget a photo that was copied to where it belongs."""
    tx.execute(sa.delete(photos).where(photos.c.id == photo_id))


def due(tx: Tx, *, now: int, limit: int) -> list[tuple[int, str, int]]:
    """(photo id, media id, tries) of what should be fetched by now."""
    query = (
        sa.select(photos.c.id, photos.c.media_id, photos.c.tries)
        .where(photos.c.state == "due", photos.c.due_at <= now)
        .order_by(photos.c.due_at, photos.c.id)
    )
    return [(row[0], row[1], row[2]) for row in tx.execute(query.limit(limit))]


def keep(tx: Tx, photo_id: int, jpeg: bytes) -> None:
    tx.execute(sa.update(photos).where(photos.c.id == photo_id).values(jpeg=jpeg, state="kept"))


def retry_at(tx: Tx, photo_id: int, *, due_at: int, tries: int) -> None:
    tx.execute(sa.update(photos).where(photos.c.id == photo_id).values(due_at=due_at, tries=tries))


def give_up(tx: Tx, photo_id: int) -> None:
    tx.execute(sa.update(photos).where(photos.c.id == photo_id).values(state="failed"))


def count(tx: Tx, case_id: int) -> int:
    """How many photos a case has, fetched or not."""
    query = sa.select(sa.func.count()).where(photos.c.case_id == case_id, photos.c.state != "failed")
    return int(tx.execute(query).scalar_one())


def count_of_application(tx: Tx, application_id: int) -> int:
    """How many photos an application has, fetched or not."""
    query = sa.select(sa.func.count()).where(
        photos.c.application_id == application_id, photos.c.state != "failed"
    )
    return int(tx.execute(query).scalar_one())


def of_application(tx: Tx, application_id: int) -> list[bytes]:
    query = sa.select(photos.c.jpeg).where(
        photos.c.application_id == application_id, photos.c.state == "kept"
    )
    return list(tx.execute(query.order_by(photos.c.id).limit(20)).scalars())


def of_case(tx: Tx, case_id: int) -> list[bytes]:
    query = sa.select(photos.c.jpeg).where(photos.c.case_id == case_id, photos.c.state == "kept")
    return list(tx.execute(query.order_by(photos.c.id).limit(20)).scalars())
