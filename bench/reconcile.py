"""`python -m bench.reconcile`: what `mashang reconcile` takes for ten times the movements: time, memory."""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer

from bench import books
from bench.messages import ROOT

Figures = dict[str, float]


def main(
    movements: Annotated[int, typer.Option(help="movements of the larger books", min=1_000)] = 1_000_000,
) -> None:
    """Measure, and print one JSON object."""
    print(json.dumps(compare(movements), indent=2))


def compare(movements: int) -> dict[str, Figures | float]:
    """A tenth of the movements against all of them: seconds, peak memory, and the ratio of both."""
    with tempfile.TemporaryDirectory(prefix="mashang-bench-") as name:
        small, large = (measure(Path(name), count) for count in (movements // 10, movements))
    return {
        "small": small,
        "large": large,
        "time_ratio": round(large["seconds"] / small["seconds"], 2),
        "memory_ratio": round(large["peak_mb"] / small["peak_mb"], 3),
    }


def measure(folder: Path, movements: int) -> Figures:
    """What the command costs on books of so many movements; raises where it finds them wrong."""
    file = folder / f"{movements}.db"
    # In a process of its own: a child's peak memory counts what its parent held when it was started.
    filler = multiprocessing.get_context("spawn").Process(target=books.fill, args=(file, movements))
    filler.start()
    filler.join()
    if filler.exitcode != 0:
        raise RuntimeError(f"the books of {movements} movements could not be made")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MASHANG_")}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "reconcile"],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), "MASHANG_DATABASE_URL": f"sqlite:///{file}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        raise RuntimeError(f"mashang reconcile ended with {status} on books of {movements} movements")
    return {
        "movements": movements,
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mb": round(used.ru_maxrss / 1024, 1),
    }


if __name__ == "__main__":
    typer.run(main)
