"""A PostgreSQL of the tests' own: a private cluster on a free loopback port, run by an unprivileged user."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
import pytest

UNPRIVILEGED = "nobody"
# What no test but the crash tests needs; a database a test writes to lives for a second.
QUICK = "-c fsync=off -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off"


def find_bin() -> Path | None:
    """The folder that holds initdb and postgres, the newest first; None where there is no server."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("postgres")
    candidates = [*folders, *([Path(on_path).parent] if on_path else [])]
    return next((folder for folder in candidates if (folder / "postgres").exists()), None)


def need_server() -> None:
    """Skip the test where no server is installed; fail it where one is required."""
    if find_bin() is None:
        reason = "no PostgreSQL server found (apt-get install postgresql)"
        if os.environ.get("MASHANG_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


# A copied template costs the server 150 to 360 ms of work, putting one right a few. So a lent database keeps
# a copy of what it started with; what differs from it when it comes back is written anew, and sequences
# go on from where they were. Any DDL marks it, then it is thrown away. Whoever puts it right stays
# connected: a new connection knows no table yet, and looking them all up is most of the work.
KEEP = r"""
CREATE SCHEMA kept;
CREATE TABLE kept.ddl (tag text);
CREATE TABLE kept.sequences AS
    SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public';
DO $$
DECLARE
    name text;
    digests text[];
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', 'of_' || name, name);
        digests := digests || format(
            'SELECT %L AS name, (SELECT md5(string_agg(row::text, E''\n'')) FROM public.%I AS row) AS digest',
            name, name);
    END LOOP;
    EXECUTE 'CREATE VIEW kept.now AS ' || array_to_string(digests, ' UNION ALL ');
END $$;
CREATE TABLE kept.tables AS TABLE kept.now;
CREATE FUNCTION kept.put_right() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE one record;
BEGIN
    IF EXISTS (SELECT FROM kept.ddl) THEN
        RETURN false;
    END IF;
    FOR one IN SELECT name FROM kept.now AS n JOIN kept.tables AS k USING (name)
               WHERE n.digest IS DISTINCT FROM k.digest LOOP
        EXECUTE format('DELETE FROM public.%I', one.name);
        EXECUTE format('INSERT INTO public.%I OVERRIDING SYSTEM VALUE TABLE kept.%I',
                       one.name, 'of_' || one.name);
    END LOOP;
    PERFORM setval(format('public.%I', s.sequencename), coalesce(k.last_value, k.start_value),
                   k.last_value IS NOT NULL)
        FROM pg_sequences AS s JOIN kept.sequences AS k USING (sequencename)
        WHERE s.schemaname = 'public' AND s.last_value IS DISTINCT FROM k.last_value;
    RETURN true;
END $$;
CREATE FUNCTION kept.note_ddl() RETURNS event_trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO kept.ddl VALUES (tg_tag); END $$;
CREATE EVENT TRIGGER note_ddl ON ddl_command_end EXECUTE FUNCTION kept.note_ddl();
SET session_replication_role = replica; -- no foreign key and no guard of the ledger speaks
"""
HANG_UP = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
LENDINGS_MAX = 50  # nothing is vacuumed: a database that was lent so often is left behind


@dataclass(frozen=True)
class Lent:
    """A database that is lent again and again."""

    name: str
    keeper: psycopg.Connection
    times: "count[int]" = field(default_factory=lambda: count(1))

    def put_right(self) -> bool:
        """False when it must be thrown away."""
        if next(self.times) >= LENDINGS_MAX:
            return False
        self.keeper.execute(HANG_UP.encode())
        return self.keeper.execute("SELECT kept.put_right()").fetchone() == (True,)


class Cluster:
    """A running cluster; databases are created from templates, or lent."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._numbers = count(1)
        self._idle: dict[str, list[Lent]] = defaultdict(list)  # by template

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://mashang@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        with self._connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def lent(self, template: str) -> Iterator[str]:
        """The URL of a database that holds what `template` holds, for this block alone."""
        idle = self._idle[template]
        database = idle.pop() if idle else self._new(template)
        try:
            yield self.url(database.name)
        finally:
            if database.put_right():
                idle.append(database)
            else:
                database.keeper.close()
                self.drop(database.name)

    def _new(self, template: str) -> Lent:
        name = f"{template}_{next(self._numbers)}"
        self.create(name, template)
        keeper = self._connect(name)
        keeper.execute(KEEP.encode())
        return Lent(name, keeper)

    def create(self, name: str, template: str = "template1") -> str:
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _connect(self, database: str) -> psycopg.Connection:
        where = f"host=127.0.0.1 port={self.port} user=mashang dbname={database}"
        return psycopg.connect(where, autocommit=True)


@contextmanager
def running(*, fsync: bool = False) -> Iterator[Cluster]:
    """Run a fresh cluster until the block ends, in a folder that its unprivileged user can reach."""
    home = Path(tempfile.mkdtemp(prefix="mashang-pg-"))
    user = _user()
    if user:
        shutil.chown(home, user, pwd.getpwnam(user).pw_gid)
    bin_folder = find_bin()
    assert bin_folder is not None, "call find_bin() first"
    port = free_port()
    data = home / "data"
    _run_as(user, [bin_folder / "initdb", "-D", data, "-U", "mashang", "-A", "trust", "-E", "UTF8", "-N"])
    options = f"-p {port} -c listen_addresses=127.0.0.1 -k '' {'' if fsync else QUICK}"
    control = [bin_folder / "pg_ctl", "-D", data, "-w", "-l", home / "log"]
    _run_as(user, [*control, "-o", options, "start"])
    try:
        yield Cluster(port)
    finally:
        _run_as(user, [*control, "-m", "immediate", "stop"])
        shutil.rmtree(home, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _user() -> str | None:
    """PostgreSQL refuses to run as root, so root hands it to somebody who may do nothing."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def _run_as(user: str | None, command: list[str | Path]) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        cwd="/",
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")
