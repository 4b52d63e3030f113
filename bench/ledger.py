"""`python -m bench.ledger`: the ledger beside django-hordak, pgbench and a thread per client, as JSON.

Each mark is a ratio within one round; the medians of the rounds are reported. Without a PostgreSQL server, or
where django-hordak cannot be installed, it says so and ends with 1.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from bench import long_wallet, one_writer
from bench.drive import race
from bench.ledger_clients import WALLETS, listed, open_books
from bench.messages import ROOT
from store import award_lists, schema
from store.db import Database
from tests import postgres
from tests.postgres import Cluster

CLIENTS, PROCESSES = 16, 2
PEOPLE = 10_000
SCALE = 50  # of pgbench: 50 branches, 5,000,000 accounts
HORDAK = ("django-hordak==2.0.0", "Django==5.2.19", "psycopg[binary]==3.3.9")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mashang-bench" / "hordak-2.0.0"
# What is asked of each ratio: at least so much, or at most.
ASKED = {
    "transfers_to_hordak": (">=", 2.2),
    "transfers_to_pgbench": (">=", 0.4),
    "one_issuer_to_uniform": (">=", 0.3),
    "list_to_hordak_bulk": (">=", 4.0),
    "replay_to_first": (">=", 8.0),
    "sqlite_to_thread_per_client": (">=", 1.8),
    "sqlite_p99_to_thread_per_client": (">=", 5.0),
    "long_wallet_sqlite": ("<=", 1.5),
    "long_wallet_postgres": ("<=", 1.5),
}


def main(
    seconds: Annotated[float, typer.Option(help="length of one measurement")] = 5.0,
    rounds: Annotated[int, typer.Option(help="rounds; the medians are reported", min=1)] = 3,
    scale: Annotated[int, typer.Option(help="scale of pgbench")] = SCALE,
    entries: Annotated[int, typer.Option(help="entries of the long wallet")] = 100_000,
) -> None:
    """Measure, and print one JSON object; ends with 1 where a mark is missed."""
    bin_folder = postgres.find_bin()
    if bin_folder is None:
        sys.exit("no PostgreSQL server found (apt-get install postgresql)")
    hordak = _hordak()
    with Progress(console=Console(stderr=True)) as bar, postgres.running(fsync=True) as cluster:
        task = bar.add_task("ledger", total=rounds * 6 + 3)
        measured = Measured(cluster, bin_folder, hordak, seconds, scale, lambda: bar.advance(task))
        measured.prepare()
        figures = [measured.round() for _ in range(rounds)]
        with tempfile.TemporaryDirectory(prefix="mashang-bench-") as folder:
            long = {
                "sqlite": long_wallet.ratio(f"sqlite:///{folder}/long.db", entries),
                "postgres": long_wallet.ratio(cluster.create("long"), entries),
            }
    ratios = {
        name: statistics.median(each["ratios"][name] for each in figures) for name in figures[0]["ratios"]
    }
    ratios |= {f"long_wallet_{name}": each["ratio"] for name, each in long.items()}
    missed = [
        f"{name} {ratios[name]:.2f}, asked {sign} {mark}"
        for name, (sign, mark) in ASKED.items()
        if (ratios[name] < mark if sign == ">=" else ratios[name] > mark)
    ]
    result = {
        "machine": {"python": sys.version.split()[0], "cores": os.cpu_count()},
        "settings": {"seconds": seconds, "rounds": rounds, "clients": CLIENTS, "processes": PROCESSES},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "missed": missed,
        "rounds": figures,
        "long_wallet": long,
    }
    print(json.dumps(result, ensure_ascii=False, indent=2))
    sys.exit(1 if missed else 0)


def _hordak() -> Path:
    """The interpreter of an environment with django-hordak, kept for the next time."""
    python = CACHE / "bin" / "python"
    if not (CACHE / "ready").exists():
        venv.create(CACHE, clear=True, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *HORDAK]
        if subprocess.run(command).returncode != 0:
            sys.exit("django-hordak 2.0.0 cannot be installed from PyPI")
        (CACHE / "ready").touch()
    return python


class Measured:
    """One cluster with our books, django-hordak's and pgbench's, each in a database of its own."""

    def __init__(
        self,
        cluster: Cluster,
        bin_folder: Path,
        hordak: Path,
        seconds: float,
        scale: int,
        on_done: Callable[[], None],
    ) -> None:
        self.cluster, self.bin, self.hordak = cluster, bin_folder, hordak
        self.seconds, self.scale, self.on_done = seconds, scale, on_done
        self.env = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
        self.env |= {"PYTHONPATH": str(ROOT)}
        self.url = cluster.create("ledger")
        self.batches = 0

    def prepare(self) -> None:
        self.cluster.create("hordak")
        self.cluster.create("pgbench")
        self._say_hordak("open")
        self._pgbench("-i", "-q", "-s", str(self.scale))
        schema.upgrade(self.url)
        self.db = Database(self.url)
        self.budget = self.db.write(lambda tx: open_books(tx, PEOPLE))
        rich = listed(self.budget, "start", list(range(1, WALLETS + 1)), 1_000_000)
        self.db.write(lambda tx: award_lists.award_all(tx, rich, now=1))

    def round(self) -> dict[str, Any]:
        ours = self._step(lambda: self._ours("transfer"))
        hordak = self._step(self._hordak_transfers)
        bench = self._step(self._tpcb)
        issuer = self._step(lambda: self._ours("award"))
        first, replay, bulk = self._step(self._list)
        sqlite = self._step(lambda: one_writer.compare(self.seconds, CLIENTS))
        return {
            "ratios": {
                "transfers_to_hordak": ours["per_second"] / hordak["per_second"],
                "transfers_to_pgbench": ours["per_second"] / bench,
                "one_issuer_to_uniform": issuer["per_second"] / ours["per_second"],
                "list_to_hordak_bulk": bulk / first,
                "replay_to_first": first / replay,
                "sqlite_to_thread_per_client": sqlite["ours"]["per_second"] / sqlite["threads"]["per_second"],
                "sqlite_p99_to_thread_per_client": sqlite["threads"]["p99_ms"] / sqlite["ours"]["p99_ms"],
            },
            "transfers": ours,
            "hordak": hordak,
            "pgbench_per_second": bench,
            "one_issuer": issuer,
            "list_seconds": {"ours": first, "replay": replay, "hordak_bulk": bulk},
            "sqlite": sqlite,
        }

    def _step(self, measure: Callable[[], Any]) -> Any:
        result = measure()
        self.on_done()
        return result

    def _ours(self, act: str) -> dict[str, float]:
        command = [sys.executable, "-m", "bench.ledger_clients", self.url, act]
        options = ["--clients", str(CLIENTS // PROCESSES), "--seconds", str(self.seconds)]
        return race([[*command, *options]] * PROCESSES, self.env)

    def _hordak_command(self, *words: str) -> list[str]:
        database = f"127.0.0.1:{self.cluster.port}/hordak"
        return [str(self.hordak), str(ROOT / "bench" / "hordak_clients.py"), database, *words]

    def _hordak_transfers(self) -> dict[str, float]:
        command = self._hordak_command("transfer", str(CLIENTS // PROCESSES), str(self.seconds))
        return race([command] * PROCESSES, self.env)

    def _say_hordak(self, *words: str) -> dict[str, float]:
        done = subprocess.run(
            self._hordak_command(*words), env=self.env, check=True, capture_output=True, text=True
        )
        told: dict[str, float] = json.loads(done.stdout)
        return told

    def _tpcb(self) -> float:
        told = self._pgbench("-c", str(CLIENTS), "-j", str(PROCESSES), "-T", str(max(1, round(self.seconds))))
        found = re.search(r"tps = ([\d.]+)", told)
        assert found is not None, told
        return float(found[1])

    def _pgbench(self, *options: str) -> str:
        server = ["-h", "127.0.0.1", "-p", str(self.cluster.port), "-U", "mashang"]
        command = [self.bin / "pgbench", *server, *options, "pgbench"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _list(self) -> tuple[float, float, float]:
        """Seconds of a list of 10,000 people, of the same list again, and of hordak's bulk_create."""
        self.batches += 1
        rows = listed(self.budget, f"list{self.batches}", list(range(1, PEOPLE + 1)), 1)

        def book() -> tuple[float, int]:
            started = time.perf_counter()
            booked = self.db.write(lambda tx: award_lists.award_all(tx, rows, now=1))
            return time.perf_counter() - started, booked

        (first, new), (replay, again) = book(), book()
        assert (new, again) == (PEOPLE, 0), (new, again)
        return first, replay, self._say_hordak("bulk", str(PEOPLE))["seconds"]


if __name__ == "__main__":
    typer.run(main)
