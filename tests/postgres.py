"""A PostgreSQL of the tests' own: a private cluster on a free loopback port, run by an unprivileged user."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


class Cluster:
    """A running cluster; `create(name)` copies its migrated template in some 25 ms."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, name: str) -> str:
        return f"postgresql+psycopg://mashang@127.0.0.1:{self.port}/{name}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def create(self, name: str, template: str = "template1") -> str:
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _dsn(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=mashang dbname={name}"


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
