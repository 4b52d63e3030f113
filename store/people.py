"""People, the posts they hold and the accounts they write from."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from store.prepared import Prepared
from store.tables import accounts, people, posts
from store.tx import Retry, Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Post:
    """One role in one area; a liaison's also names the department."""

    role: str
    unit_id: int
    department_id: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """Where a person writes from. A scanned QR and wrong tries belong to the account, not to the person."""

    id: int
    channel: str
    account: str
    scanned_unit_id: int | None
    scanned_at: int
    wrong_tries: int
    locked_until: int
    lat: float | None
    lng: float | None
    label: str
    located_at: int
    photo_at: int


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    phone: str
    unit_id: int | None
    posts: tuple[Post, ...]

    def has(self, *roles: str) -> bool:
        return any(post.role in roles for post in self.posts)


_PERSON = [people.c.id, people.c.name, people.c.phone, people.c.unit_id]
_POST = [posts.c.role, posts.c.unit_id, posts.c.department_id]
_ACCOUNT = [
    accounts.c.id,
    accounts.c.channel,
    accounts.c.account,
    accounts.c.scanned_unit_id,
    accounts.c.scanned_at,
    accounts.c.wrong_tries,
    accounts.c.locked_until,
    accounts.c.lat,
    accounts.c.lng,
    accounts.c.label,
    accounts.c.located_at,
    accounts.c.photo_at,
]
_BY_ACCOUNT = Prepared(
    sa.select(*_ACCOUNT, *_PERSON, *_POST)
    .select_from(accounts.join(people).outerjoin(posts, posts.c.person_id == people.c.id))
    .where(accounts.c.channel == sa.bindparam("channel"), accounts.c.account == sa.bindparam("account"))
    .order_by(posts.c.id)
)
_BY_ID = Prepared(
    sa.select(*_PERSON, *_POST)
    .select_from(people.outerjoin(posts, posts.c.person_id == people.c.id))
    .where(people.c.id == sa.bindparam("id"))
    .order_by(posts.c.id)
)
_ADD = Prepared(sa.insert(people).returning(people.c.id))
_ADD_ACCOUNT = Prepared(
    insert(accounts)
    .values(
        channel=sa.bindparam("channel"), account=sa.bindparam("account"), person_id=sa.bindparam("person_id")
    )
    .on_conflict_do_nothing(index_elements=["channel", "account"])
    .returning(accounts.c.id)
)


def by_account(tx: Tx, channel: str, account: str) -> tuple[Account, Person] | None:
    rows = tx.execute(_BY_ACCOUNT, {"channel": channel, "account": account}).all()
    if not rows:
        return None
    size = len(_ACCOUNT)
    return Account(*rows[0][:size]), _person([tuple(row[size:]) for row in rows])


def by_id(tx: Tx, person_id: int) -> Person | None:
    rows = tx.execute(_BY_ID, {"id": person_id}).all()
    return _person([tuple(row) for row in rows]) if rows else None


def _person(rows: list[tuple[object, ...]]) -> Person:
    size = len(_PERSON)
    held = tuple(Post(*row[size:]) for row in rows if row[size] is not None)  # type: ignore[arg-type]
    return Person(*rows[0][:size], posts=held)  # type: ignore[arg-type, misc]


def add(tx: Tx, *, now: int, name: str = "", phone: str = "", unit_id: int | None = None) -> int:
    row = {"name": name, "phone": phone, "unit_id": unit_id, "created_at": now}
    return int(tx.execute(_ADD, row).scalar_one())


def add_account(tx: Tx, *, channel: str, account: str, person_id: int) -> Account:
    """Let a new account belong to a person. Raises Retry when another transaction added it first."""
    values = {"channel": channel, "account": account, "person_id": person_id}
    account_id = tx.execute(_ADD_ACCOUNT, values).scalar()
    if account_id is None:
        raise Retry
    return Account(int(account_id), channel, account, None, 0, 0, 0, None, None, "", 0, 0)


def bind(tx: Tx, account_id: int, person_id: int) -> None:
    """Move an account to another person (an invitation was used)."""
    tx.execute(sa.update(accounts).where(accounts.c.id == account_id).values(person_id=person_id))


def scanned(tx: Tx, account_id: int, *, unit_id: int, now: int) -> None:
    """Remember the grid whose QR this account scanned last."""
    values = {"scanned_unit_id": unit_id, "scanned_at": now}
    tx.execute(sa.update(accounts).where(accounts.c.id == account_id).values(**values))


def located(tx: Tx, account_id: int, *, lat: float, lng: float, label: str, now: int) -> None:
    """Remember where this account says it is, for the report that may follow."""
    values = {"lat": lat, "lng": lng, "label": label, "located_at": now}
    tx.execute(sa.update(accounts).where(accounts.c.id == account_id).values(**values))


def forget_location(tx: Tx, person_id: int) -> None:
    """No account of the person says any more where it was."""
    values = {"lat": None, "lng": None, "label": "", "located_at": 0}
    tx.execute(sa.update(accounts).where(accounts.c.person_id == person_id).values(**values))


def sent_photo(tx: Tx, account_id: int, *, now: int) -> None:
    """Remember that a photo waits for the report that may follow."""
    tx.execute(sa.update(accounts).where(accounts.c.id == account_id).values(photo_at=now))


def set_tries(tx: Tx, account_id: int, *, wrong_tries: int, locked_until: int) -> None:
    values = {"wrong_tries": wrong_tries, "locked_until": locked_until}
    tx.execute(sa.update(accounts).where(accounts.c.id == account_id).values(**values))


def by_name_and_phone(tx: Tx, name: str, phone: str) -> int | None:
    found = sa.select(people.c.id).where(people.c.name == name, people.c.phone == phone)
    return tx.execute(found.order_by(people.c.id).limit(1)).scalar()


def named(tx: Tx, names: Iterable[str], unit_ids: Iterable[int], role: str) -> dict[str, list[int]]:
    """Ids of those who hold `role` in one of the units, by name. A name may belong to several."""
    found: dict[str, list[int]] = {}
    query = (
        sa.select(people.c.name, people.c.id)
        .join(posts, posts.c.person_id == people.c.id)
        .where(people.c.name.in_(list(names)), posts.c.role == role, posts.c.unit_id.in_(list(unit_ids)))
        .order_by(people.c.id)
    )
    for name, person_id in tx.execute(query):
        if person_id not in found.setdefault(name, []):
            found[name].append(person_id)
    return found


def called(tx: Tx, name: str, unit_ids: Iterable[int]) -> list[tuple[int, str]]:
    """(id, phone) of everybody of this name who lives or works in one of the units."""
    area = list(unit_ids)
    working = sa.select(posts.c.person_id).where(posts.c.unit_id.in_(area))
    there = sa.or_(people.c.unit_id.in_(area), people.c.id.in_(working))
    query = sa.select(people.c.id, people.c.phone).where(people.c.name == name, there)
    return [(row[0], row[1]) for row in tx.execute(query.order_by(people.c.id).limit(20))]


def holding(
    tx: Tx, role: str, unit_ids: Iterable[int], department_id: int | None = None
) -> list[tuple[int, str, int]]:
    """(person id, name, unit id) of those who hold `role` in one of the units, lowest id first."""
    query = (
        sa.select(people.c.id, people.c.name, posts.c.unit_id)
        .join(posts, posts.c.person_id == people.c.id)
        .where(posts.c.role == role, posts.c.unit_id.in_(list(unit_ids)))
        .order_by(people.c.id)
    )
    if department_id is not None:
        query = query.where(posts.c.department_id == department_id)
    return [(row[0], row[1], row[2]) for row in tx.execute(query)]


def accounts_of(tx: Tx, person_ids: Iterable[int], channel: str) -> dict[int, str]:
    """The account of each person in a channel; people without one are left out."""
    query = (
        sa.select(accounts.c.person_id, accounts.c.account)
        .where(accounts.c.channel == channel, accounts.c.person_id.in_(list(person_ids)))
        .order_by(accounts.c.id.desc())
    )
    return {row[0]: row[1] for row in tx.execute(query)}


def names(tx: Tx, person_ids: Iterable[int]) -> dict[int, str]:
    query = sa.select(people.c.id, people.c.name).where(people.c.id.in_(list(person_ids)))
    return {row[0]: row[1] for row in tx.execute(query)}


def change(tx: Tx, person_id: int, **values: object) -> None:
    tx.execute(sa.update(people).where(people.c.id == person_id).values(**values))


# --- many at once, for an import

LOOK_UP_MAX = 500  # values in one IN


def owners(tx: Tx, channel: str, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """(account id, person id) of each of these accounts that is known."""
    found: dict[str, tuple[int, int]] = {}
    for part in in_parts(names):
        query = sa.select(accounts.c.account, accounts.c.id, accounts.c.person_id)
        mine = accounts.c.channel == channel, accounts.c.account.in_(part)
        found |= {row[0]: (row[1], row[2]) for row in tx.execute(query.where(*mine))}
    return found


def any_of(
    tx: Tx, *, ids: Sequence[int] = (), phones: Sequence[str] = (), names: Sequence[str] = ()
) -> list[Person]:
    """Everybody with one of these ids, phones or names, lowest id first."""
    found: dict[int, Person] = {}
    for column, values in ((people.c.id, ids), (people.c.phone, phones), (people.c.name, names)):
        for part in in_parts(values):
            found |= {person.id: person for person in _persons(tx, column.in_(part))}
    return [found[person_id] for person_id in sorted(found)]


def _persons(tx: Tx, condition: sa.ColumnElement[bool]) -> Iterator[Person]:
    query = sa.select(*_PERSON, *_POST).select_from(people.outerjoin(posts, posts.c.person_id == people.c.id))
    rows = tx.execute(query.where(condition).order_by(people.c.id, posts.c.id))
    for _, mine in groupby((tuple(row) for row in rows), key=lambda row: row[0]):
        yield _person(list(mine))


def in_parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """As many of them as one IN takes, again and again."""
    for start in range(0, len(values), LOOK_UP_MAX):
        yield values[start : start + LOOK_UP_MAX]


def add_all(tx: Tx, rows: Sequence[dict[str, object]]) -> list[int]:
    """Add people given as name, phone, unit_id, created_at; their ids in the same order."""
    statement = sa.insert(people).returning(people.c.id, sort_by_parameter_order=True)
    return list(tx.execute(statement, rows).scalars()) if rows else []


def add_accounts(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    """Add accounts given as channel, account, person_id. Raises Retry when somebody added one first."""
    statement = insert(accounts).on_conflict_do_nothing(index_elements=["channel", "account"])
    if rows and len(tx.execute(statement.returning(accounts.c.id), rows).all()) != len(rows):
        raise Retry


def add_posts(tx: Tx, rows: Sequence[dict[str, object]]) -> None:
    """Add posts given as person_id, role, unit_id, department_id."""
    if rows:
        tx.execute(sa.insert(posts), rows)
