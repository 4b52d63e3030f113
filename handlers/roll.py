"""Who the rows of people.csv speak of: somebody known, or somebody new; read and written many at a time."""

from dataclasses import dataclass
from itertools import count

from handlers.registry_lists import Row
from store import people
from store.people import Person, Post
from store.tx import Tx

ACCOUNTS = {"wecom_userid": "aibot", "openid": "official"}  # column → channel


@dataclass
class _Entry:
    name: str
    phone: str
    unit_id: int | None
    posts: set[Post]

    @classmethod
    def of(cls, person: Person) -> "_Entry":
        return cls(person.name, person.phone, person.unit_id, set(person.posts))


class Roll:
    """Everybody the rows may speak of: who is known by their id, who is new by a number below 0.

    Read and written many at a time: a county's list is thousands of rows, and messages wait meanwhile.
    """

    def __init__(self, tx: Tx, rows: list[Row]) -> None:
        self._owners: dict[tuple[str, str], int] = {}  # (channel, account) → person
        self._account_ids: dict[tuple[str, str], int] = {}
        for column, channel in ACCOUNTS.items():
            wanted = sorted({row[column] for row in rows} - {""})
            for account, (account_id, person_id) in people.owners(tx, channel, wanted).items():
                self._owners[channel, account] = person_id
                self._account_ids[channel, account] = account_id
        found = people.any_of(
            tx,
            ids=sorted(set(self._owners.values())),
            phones=sorted({row["phone"] for row in rows} - {""}),
            names=sorted({row["name"] for row in rows if not row["phone"]}),
        )
        self._entries: dict[int, _Entry] = {}
        self._by_phone: dict[tuple[str, str], int] = {}
        self._by_unit: dict[tuple[str, int | None], int] = {}
        for person in found:
            self._add(person.id, _Entry.of(person))
        self._numbers = count(-1, -1)
        self._seen: set[int] = set()
        self._new_posts: list[tuple[int, Post]] = []
        self._new_accounts: list[tuple[str, str]] = []
        self._moved: list[tuple[str, str]] = []
        self._changed: set[int] = set()

    def enter(self, row: Row, post: Post) -> tuple[int, bool, bool]:
        """Take one row in: (number of the person, whether the person is new, whether anything is)."""
        number = self._find(row, post.unit_id)
        is_fresh = number is None
        if number is None:
            number = next(self._numbers)
            self._add(number, _Entry(row["name"], row["phone"], post.unit_id, set()))
        changes = [
            self._correct(number, row, post.unit_id),
            self._give(number, row),
            self._appoint(number, post),
        ]
        self._seen.add(number)
        return number, is_fresh, any(changes)

    def write(self, tx: Tx, now: int) -> dict[int, int]:
        """Write what is new; the id of each person by number."""
        fresh = [number for number in self._entries if number < 0]
        rows = [self._row(number) | {"created_at": now} for number in fresh]
        ids = {number: number for number in self._entries if number > 0}
        ids |= dict(zip(fresh, people.add_all(tx, rows), strict=True))
        for number in sorted(self._changed):
            people.change(tx, number, **self._row(number))
        people.add_accounts(
            tx,
            [
                {"channel": channel, "account": account, "person_id": ids[self._owners[channel, account]]}
                for channel, account in self._new_accounts
            ],
        )
        for key in self._moved:
            people.bind(tx, self._account_ids[key], ids[self._owners[key]])
        people.add_posts(
            tx,
            [
                {
                    "person_id": ids[number],
                    "role": post.role,
                    "unit_id": post.unit_id,
                    "department_id": post.department_id,
                }
                for number, post in self._new_posts
            ],
        )
        return ids

    def _row(self, number: int) -> dict[str, object]:
        entry = self._entries[number]
        return {"name": entry.name, "phone": entry.phone, "unit_id": entry.unit_id}

    def _add(self, number: int, entry: _Entry) -> None:
        self._entries[number] = entry
        self._by_unit.setdefault((entry.name, entry.unit_id), number)
        if entry.phone:
            self._by_phone.setdefault((entry.name, entry.phone), number)

    def _find(self, row: Row, unit_id: int) -> int | None:
        """Who the row speaks of: by account, else by name and phone, else by name and place."""
        for column, channel in ACCOUNTS.items():
            number = self._owners.get((channel, row[column]))
            if number is not None and self._is_same(self._entries[number], row):
                return number
        if row["phone"]:
            return self._by_phone.get((row["name"], row["phone"]))
        return self._by_unit.get((row["name"], unit_id))

    @staticmethod
    def _is_same(entry: _Entry, row: Row) -> bool:
        """Whether an account's owner is who the row speaks of: a resident of yet unknown name is."""
        return entry.name in ("", row["name"]) or bool(row["phone"] and row["phone"] == entry.phone)

    def _correct(self, number: int, row: Row, unit_id: int) -> bool:
        """Bring name, phone and home unit up to the person's first row; whether anything changed."""
        entry = self._entries[number]
        told = (row["name"], row["phone"] or entry.phone, unit_id)
        if number in self._seen or (entry.name, entry.phone, entry.unit_id) == told:
            return False
        entry.name, entry.phone, entry.unit_id = told
        self._add(number, entry)
        self._changed |= {number} if number > 0 else set()
        return True

    def _give(self, number: int, row: Row) -> bool:
        """Let the row's accounts belong to the person; whether anything changed."""
        is_changed = False
        for column, channel in ACCOUNTS.items():
            key = (channel, row[column])
            if not row[column] or self._owners.get(key) == number:
                continue
            (self._moved if key in self._account_ids else self._new_accounts).append(key)
            self._owners[key] = number
            is_changed = True
        return is_changed

    def _appoint(self, number: int, post: Post) -> bool:
        entry = self._entries[number]
        if post.role == "resident" or post in entry.posts:
            return False
        entry.posts.add(post)
        self._new_posts.append((number, post))
        return True
