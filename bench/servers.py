"""The servers under load, each a process of its own, and the CPU time they use."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.messages import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")
_URL = re.compile(r"http://\S+")
STOP_SECONDS = 30


@dataclass(frozen=True)
class Server:
    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of all its threads until now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def mashang(database_url: str, folder: Path) -> Iterator[Server]:
    """Our bot as `make run` starts it: the sample county, the sandbox's keys."""
    settings = {
        "MASHANG_SANDBOX": "1",
        "MASHANG_DATABASE_URL": database_url,
        "MASHANG_RULES_DIR": str(ROOT / "rules"),
    }
    with _running(["bot", "serve", "--port", "0"], folder, settings) as server:
        yield server


@contextmanager
def echo(folder: Path) -> Iterator[Server]:
    with _running(["bench.echo"], folder, {}) as server:
        yield server


@contextmanager
def _running(module: Sequence[str], folder: Path, settings: dict[str, str]) -> Iterator[Server]:
    """Run `python -m module` in `folder`; its first line of output names its address."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
    log = folder / f"{module[0]}.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=folder,
            env={**kept, **settings, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdout is not None
    try:
        address = _URL.search(process.stdout.readline())
        if address is None:
            process.wait()
            raise RuntimeError(f"{module[0]} did not start: {log.read_text(encoding='utf-8')[-2000:]}")
        yield Server(address[0], process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)
        process.stdout.close()
