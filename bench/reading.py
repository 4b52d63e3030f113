"""`python -m bench.reading`: how fast texts are read, beside jieba and a bare scan of them, as JSON."""

import csv
import itertools
import json
import os
import platform
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import jieba
import typer
from ahocorasick_rs import AhoCorasick, MatchKind
from rich.console import Console
from rich.progress import track

from bench.messages import ROOT
from bench.messages import texts as reports
from nlp.alike import Index
from nlp.classify import classify
from nlp.rules import Rules, load_categories

RULES = ROOT / "rules" / "categories.toml"
TITLE_LENGTH, TEXT_LENGTH = 19, 216  # characters, the medians of letters to a city
JIEBA_MAX = 500  # texts of one round that jieba cuts; it is the slow one
WORDS = 3_000
CASES, UNITS, NEAR, ASKED, DAY = 100_000, 2_000, 30, 300, 86_400
STEMS = "云青白石金银长望晨春夏秋柳松梅兰竹荷枫桂东西南北上下福安康宁"


def main(
    count: Annotated[int, typer.Option(help="texts of each length", min=20)] = 4_000,
    rounds: Annotated[int, typer.Option(help="rounds; the medians are reported", min=1)] = 5,
    cases: Annotated[int, typer.Option(help="open cases to look for doubles among", min=100)] = CASES,
    file: Annotated[Path | None, typer.Option(help="a CSV with title and detail; default: made up")] = None,
    rules: Annotated[Path, typer.Option(help="the rule file")] = RULES,
) -> None:
    """Measure on one core, and print one JSON object."""
    before = _memory_mb()
    loaded = load_categories(rules)
    classify("路燈壞了", loaded)
    memory_mb = _memory_mb() - before
    titles, texts = _read(file) if file else made_up(count)
    result = {
        "machine": {"python": platform.python_version(), "cores": os.cpu_count()},
        "rules": {
            "words": sum(map(bool, loaded.votes)),
            "memory_mb": round(memory_mb, 1),
            f"load_{WORDS}_words_ms": round(_load_ms(rounds), 1),
        },
        "titles": _figures(titles, loaded, rounds),
        "texts": _figures(texts, loaded, rounds),
        "doubles": _doubles(cases),
    }
    print(json.dumps(result, ensure_ascii=False, indent=2))


def made_up(count: int) -> tuple[list[str], list[str]]:
    """Titles and full texts of our own sentences, as long as those of letters to a city."""
    chosen = random.Random(count)
    said = list(itertools.islice(reports(), 1_000))
    titles, texts = [], []
    for _ in range(count):
        first = chosen.choice(said).removeprefix("您好，")
        titles.append(first[: TITLE_LENGTH + chosen.randrange(-6, 7)])
        text = titles[-1] + "\n"
        while len(text) < TEXT_LENGTH - 30:
            text += chosen.choice(said)
        texts.append(text)
    return titles, texts


def _read(file: Path) -> tuple[list[str], list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.DictReader(opened))
    return [row["title"] for row in rows], [f"{row['title']}\n{row['detail']}" for row in rows]


def _figures(texts: Sequence[str], rules: Rules, rounds: int) -> dict[str, float]:
    """Texts a second of each way, and how often it is faster; the ways take turns in every round."""
    scan = AhoCorasick(rules.scanner.folded, matchkind=MatchKind.Standard).find_matches_as_indexes
    ways: dict[str, tuple[Callable[[str], Any], Sequence[str]]] = {
        "classify": (lambda text: classify(text, rules), texts),
        "jieba": (lambda text: list(jieba.cut(text)), texts[:JIEBA_MAX]),
        "scan": (lambda text: scan(text, overlapping=True), texts),
    }
    jieba.setLogLevel("WARNING")
    jieba.initialize()
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in track(range(rounds), "reading", console=Console(stderr=True)):
        for name, (way, given) in ways.items():
            rates[name].append(len(given) / _seconds(way, given))
    medians = {f"{name}_per_second": round(statistics.median(each)) for name, each in rates.items()}
    return {
        "count": len(texts),
        "median_length": statistics.median(map(len, texts)),
        **medians,
        "times_jieba": round(medians["classify_per_second"] / medians["jieba_per_second"], 1),
        "scans": round(medians["scan_per_second"] / medians["classify_per_second"], 2),
    }


def _seconds(way: Callable[[str], Any], texts: Sequence[str]) -> float:
    started = time.process_time()
    for text in texts:
        way(text)
    return time.process_time() - started


def _load_ms(rounds: int) -> float:
    """Processor time to load a file of 3,000 words: the heaviest of our own, in seven categories."""
    known = load_categories(RULES)
    words = list(dict.fromkeys(word for each in known.categories for word in each.keywords))[:WORDS]
    with tempfile.TemporaryDirectory(prefix="mashang-bench-") as folder:
        file = Path(folder) / "rules.toml"
        blocks = []
        for which in range(7):
            keywords = "\n".join(f'"{word}" = {1 + len(word)}' for word in words[which::7])
            blocks.append(f'[[category]]\ncode = "c{which}"\n[category.keywords]\n{keywords}\n')
        file.write_text("\n".join(blocks), encoding="utf-8")
        return 1000 * statistics.median(
            _seconds(lambda _: load_categories(file), [""]) for _ in range(rounds)
        )


def _memory_mb() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _doubles(cases: int) -> dict[str, float]:
    """Milliseconds to look for cases like a new one, among the nearest units and in the whole county."""
    chosen = random.Random(cases)
    places = [one + other + end for one in STEMS for other in STEMS for end in ("小区", "路", "村")]
    said = list(itertools.islice(reports(), 500))

    def new() -> str:
        return f"{chosen.choice(places)}{chosen.randrange(1, 60)}号{chosen.choice(said)[3:]}"

    index = Index()
    for case in range(cases):
        index.add(case, new(), chosen.randrange(UNITS), chosen.randrange(90 * DAY))
    asked = [new() for _ in range(ASKED)]
    grids, county = set(range(NEAR)), set(range(UNITS))
    return {
        "cases": cases,
        f"{NEAR}_units_ms": _ask_ms(index, asked, grids),
        "county_ms": _ask_ms(index, asked, county),
    }


def _ask_ms(index: Index, asked: Sequence[str], units: set[int]) -> float:
    return round(1000 * _seconds(lambda text: index.find(text, units, 60 * DAY), asked) / len(asked), 3)


if __name__ == "__main__":
    typer.run(main)
