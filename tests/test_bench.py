"""The bench at its smallest: it measures what it says, and a message stays within its statements."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.messages import KEYS, requests, texts
from bench.statements import Counts
from bot.sandbox import wire
from tests.processes import PATIENCE_SECONDS

ROOT = Path(__file__).parent.parent
STATEMENTS_MAX = 12  # of a report by somebody new, savepoints and all
FIRST_EARNING_MAX = 38  # the first of a town and year opens household, accounts, two budgets and their grants
FIGURES = {"requests_per_second", "cpu_ms", "p50_ms", "p99_ms"}


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    command = [sys.executable, "-m", "bench", "--seconds", "0.1", "--rounds", "1", "--connections", "2,4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    value: dict[str, Any] = json.loads(done.stdout)
    return value


@pytest.fixture(scope="module")
def counts(result: dict[str, Any]) -> Counts:
    """What each message costs; read from the same run, since counting takes a county of its own."""
    value: Counts = result["per_message"]
    return value


def test_the_bench_prints_one_json_object_with_every_figure(result: dict[str, Any]) -> None:
    assert set(result) == {"machine", "settings", "disk", "connections", "per_message"}
    assert result["settings"] == {"seconds": 0.1, "rounds": 1, "database": "sqlite"}
    assert set(result["disk"]) == {"fsync_ms", "sqlite_commits_per_second"}
    assert {number: set(each) for number, each in result["connections"].items()} == {
        "2": {"mashang", "echo", "ratio"},
        "4": {"mashang", "echo", "ratio"},
    }
    measured = [each[name] for each in result["connections"].values() for name in ("mashang", "echo")]
    assert [set(figures) for figures in measured] == [FIGURES] * 4
    assert all(figures["p50_ms"] <= figures["p99_ms"] for figures in measured)


def test_nothing_is_measured_as_nothing(result: dict[str, Any]) -> None:
    rates = [
        each[name]["requests_per_second"]
        for each in result["connections"].values()
        for name in each
        if name != "ratio"
    ]
    assert min(rates) > 0
    assert min(result["disk"].values()) > 0


def test_a_report_takes_at_most_twelve_statements(counts: Counts) -> None:
    reports = [
        each["statements"] + each["savepoints"] for what, each in counts.items() if what.startswith("report")
    ]
    assert len(reports) == 3
    assert max(reports) <= STATEMENTS_MAX
    assert max(each["reads_before"] for each in counts.values()) <= 1


def test_a_likely_double_takes_four_statements_more(counts: Counts) -> None:
    double = counts["likely double"]
    assert double["statements"] <= counts["report, known sender"]["statements"] + 4
    assert double["statements"] + double["savepoints"] <= STATEMENTS_MAX + 2


def test_a_check_in_earns_points_and_score_in_thirteen_statements_beside_its_savepoints(
    counts: Counts,
) -> None:
    assert counts["报平安"]["statements"] <= STATEMENTS_MAX + 1
    assert counts["报平安, the first points of a town"]["statements"] <= FIRST_EARNING_MAX


def test_each_request_is_a_push_that_opens_to_a_report_of_a_new_sender() -> None:
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests(3, "http://127.0.0.1:8000")]
    plain = [
        wire.unseal(
            KEYS.aes_key, body.partition(b"<Encrypt><![CDATA[")[2].partition(b"]]>")[0].decode(), KEYS.app_id
        )
        for body in bodies
    ]
    senders = {each.partition(b"<FromUserName>")[2].partition(b"</FromUserName>")[0] for each in plain}
    assert len(senders) == 3
    assert all(text.encode() in each for text, each in zip(texts(), plain, strict=False))


def test_the_reading_bench_measures_texts_rules_and_doubles() -> None:
    command = [sys.executable, "-m", "bench.reading", "--count", "20", "--rounds", "1", "--cases", "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert set(result) == {"machine", "rules", "titles", "texts", "doubles"}
    assert set(result["rules"]) == {"words", "memory_mb", "load_3000_words_ms"}
    for kind in ("titles", "texts"):
        assert min(result[kind].values()) > 0
    assert result["doubles"]["cases"] == 100
