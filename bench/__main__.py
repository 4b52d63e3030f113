"""`python -m bench`: durable webhook requests a second beside an echo that stores nothing, as JSON."""

import json
import os
import platform
import statistics
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from bench import disk, servers
from bench.load import Load, push
from bench.messages import KEYS, requests
from bench.servers import Server
from bench.statements import count
from bot.sandbox import wire

RATE_MAX = 6_000  # requests a second that are made ready; no server of one process reaches it
WARM_UP_SECONDS = 2.0
# What an answer must hold: the number of a case, and the words the echo repeats.
ANSWERS = {"mashang": "编号 ", "echo": "麻烦派人来看看"}

Figures = dict[str, float]


def main(
    seconds: Annotated[float, typer.Option(help="length of one measurement")] = 4.0,
    rounds: Annotated[int, typer.Option(help="rounds; the medians are reported", min=1)] = 3,
    connections: Annotated[str, typer.Option(help="numbers of connections")] = "1,16,64",
    database_url: Annotated[str, typer.Option(help="an empty database; default: a SQLite file")] = "",
) -> None:
    """Measure, and print one JSON object."""
    numbers = [int(number) for number in connections.split(",")]
    with tempfile.TemporaryDirectory(prefix="mashang-bench-") as name:
        folder = Path(name)
        url = database_url or f"sqlite:///{folder / 'bench.db'}"
        with servers.mashang(url, folder) as ours, servers.echo(folder) as echo:
            measured = _measure({"mashang": ours, "echo": echo}, numbers, rounds, seconds)
        result = {
            "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
            "settings": {"seconds": seconds, "rounds": rounds, "database": url.partition(":")[0]},
            "disk": {
                "fsync_ms": round(disk.fsync_ms(folder, seconds / 2), 3),
                "sqlite_commits_per_second": round(disk.commits_per_second(folder, seconds / 2)),
            },
            "connections": {str(number): _summary(measured[number]) for number in numbers},
            "per_message": count(folder),
        }
    print(json.dumps(result, ensure_ascii=False, indent=2))


def _measure(
    running: dict[str, Server], numbers: list[int], rounds: int, seconds: float
) -> dict[int, list[dict[str, Figures]]]:
    """connections -> for each round the figures of each server; the servers take turns."""
    measured: dict[int, list[dict[str, Figures]]] = {number: [] for number in numbers}
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("bench", total=len(running) * (1 + rounds * len(numbers)))
        for name, server in running.items():
            _run(name, server, max(numbers), min(seconds, WARM_UP_SECONDS))
            progress.advance(task)
        for _ in range(rounds):
            for number in numbers:
                figures = {}
                for name, server in running.items():
                    figures[name] = _run(name, server, number, seconds)
                    progress.advance(task)
                measured[number].append(figures)
    return measured


def _run(name: str, server: Server, connections: int, seconds: float) -> Figures:
    ready = requests(max(connections, int(RATE_MAX * seconds)), server.url)
    before = server.cpu_seconds()
    load = push(ready, server.url, connections=connections, seconds=seconds)
    cpu_seconds = server.cpu_seconds() - before
    _check(name, load)
    took = statistics.quantiles(load.took, n=100, method="inclusive")
    return {
        "requests_per_second": len(load.took) / load.seconds,
        "cpu_ms": 1000 * cpu_seconds / len(load.took),
        "p50_ms": 1000 * took[49],
        "p99_ms": 1000 * took[98],
    }


def _check(name: str, load: Load) -> None:
    """A fast server that does not do its work is worth nothing: every answer 200, a sample of them opened."""
    if load.failed:
        raise RuntimeError(f"{name}: {load.failed} of {len(load.took)} requests failed")
    for body in load.sample:
        answer = wire.official_answer(KEYS, body)
        if answer is None or ANSWERS[name] not in answer["Content"]:
            raise RuntimeError(f"{name} answered {answer}")


def _summary(rounds: list[dict[str, Figures]]) -> dict[str, Any]:
    """The medians of all rounds, and of the ratio within each round."""
    medians: dict[str, Any] = {
        name: {
            figure: round(statistics.median(each[name][figure] for each in rounds), 2)
            for figure in rounds[0][name]
        }
        for name in rounds[0]
    }
    ratios = [each["mashang"]["requests_per_second"] / each["echo"]["requests_per_second"] for each in rounds]
    return {**medians, "ratio": round(statistics.median(ratios), 3)}


if __name__ == "__main__":
    typer.run(main)
