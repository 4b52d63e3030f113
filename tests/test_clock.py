"""Jobs run at their planned local time, once, also over a restart and with several processes."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot import clock
from bot.house import House
from handlers import ctx as handlers_ctx
from handlers.ctx import JobCtx, cron
from handlers.days import DAY_SECONDS
from store import meta
from tests.commands import ROOT
from tests.town import HOUR, NOW, MakeTown, Town

MINUTE = 60
SIX_PM = NOW + 9 * HOUR  # NOW is nine in the morning in Asia/Shanghai
runs: list[tuple[int, int]] = []  # (planned, now) of each run of the job below


@pytest.fixture
def job() -> Iterator[str]:
    """A job of this test's own, at 18:00; its name."""
    runs.clear()
    others = list(handlers_ctx.JOBS)
    handlers_ctx.JOBS.clear()

    @cron(hour=18)
    def remind(ctx: JobCtx) -> None:
        runs.append((ctx.planned, ctx.now))
        said = int(meta.get(ctx.tx, "said") or "0")
        meta.put(ctx.tx, "said", str(said + 1))
        if meta.get(ctx.tx, "broken") == "1":
            raise RuntimeError("the job is broken")

    yield handlers_ctx.JOBS[0].name
    handlers_ctx.JOBS[:] = others


def run_at(town: Town, now: int) -> list[str]:
    town.time[0] = now
    return town.run_jobs()


def said(town: Town) -> str:
    with town.db.read() as tx:
        return meta.get(tx, "said") or "0"


def test_a_job_runs_at_its_hour_in_shanghai_and_once_a_day(town: Town, job: str) -> None:
    assert run_at(town, SIX_PM - 1) == []
    assert run_at(town, SIX_PM) == [job]
    assert run_at(town, SIX_PM + 20) == []
    assert run_at(town, SIX_PM + DAY_SECONDS - 1) == []
    assert run_at(town, SIX_PM + DAY_SECONDS + 5) == [job]
    assert runs == [(SIX_PM, SIX_PM), (SIX_PM + DAY_SECONDS, SIX_PM + DAY_SECONDS + 5)]


def test_a_weekly_job_runs_on_its_weekday_and_a_monthly_one_on_its_day(town: Town, job: str) -> None:
    """NOW is Monday 23 November: the jobs below are due on Wednesdays and on each 5th."""
    handlers_ctx.JOBS.clear()
    weekly, monthly = [], []

    @cron(hour=18, weekday=3)
    def each_wednesday(ctx: JobCtx) -> None:
        weekly.append(ctx.planned)

    @cron(hour=18, day=5)
    def each_fifth(ctx: JobCtx) -> None:
        monthly.append(ctx.planned)

    for day in range(45):
        run_at(town, SIX_PM + day * DAY_SECONDS)
    days = [2, 9, 16, 23, 30, 37, 44]
    assert weekly == [SIX_PM + day * DAY_SECONDS for day in days]
    assert monthly == [SIX_PM + day * DAY_SECONDS for day in (12, 43)]


@pytest.mark.parametrize("wrong", [{"weekday": 8}, {"weekday": -1}, {"day": 29}, {"weekday": 1, "day": 5}])
def test_a_day_that_not_every_week_or_month_has_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        cron(hour=8, **wrong)


def test_a_job_may_think_in_a_reading_transaction_and_write_what_it_found(town: Town, job: str) -> None:
    handlers_ctx.JOBS.clear()

    def look(ctx: JobCtx) -> str:
        with pytest.raises(Exception, match="read"):  # it cannot write, whoever waits is not held up
            meta.put(ctx.tx, "said", "too early")
        return f"seen at {ctx.planned}"

    @cron(hour=18, prepare=look)
    def tell(ctx: JobCtx, seen: str) -> None:
        meta.put(ctx.tx, "said", seen)

    assert (run_at(town, SIX_PM), said(town)) == (["test_clock.tell"], f"seen at {SIX_PM}")
    assert (run_at(town, SIX_PM + 20), said(town)) == ([], f"seen at {SIX_PM}")


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="this system cannot change its time zone")
def test_the_time_zone_of_the_machine_does_not_matter(
    town: Town, job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        assert (run_at(town, SIX_PM - 1), run_at(town, SIX_PM)) == ([], [job])
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_process_that_was_down_catches_up_for_two_hours_and_not_longer(town: Town, job: str) -> None:
    assert run_at(town, SIX_PM + 2 * HOUR + 1) == []
    assert run_at(town, SIX_PM + DAY_SECONDS + 2 * HOUR) == [job]
    assert runs == [(SIX_PM + DAY_SECONDS, SIX_PM + DAY_SECONDS + 2 * HOUR)]


def test_a_restart_does_not_run_it_again(make_town: MakeTown, job: str) -> None:
    town = make_town()
    assert run_at(town, SIX_PM) == [job]
    town.house.close()
    assert run_at(make_town(), SIX_PM + MINUTE) == []


def test_a_run_that_fails_leaves_nothing_and_is_tried_again_at_the_next_tick(town: Town, job: str) -> None:
    town.db.write(lambda tx: meta.put(tx, "broken", "1"))
    assert (run_at(town, SIX_PM), said(town)) == ([], "0")
    assert (run_at(town, SIX_PM + 20), said(town)) == ([], "0")
    town.db.write(lambda tx: meta.put(tx, "broken", "0"))
    assert (run_at(town, SIX_PM + 40), said(town)) == ([job], "1")
    assert len(runs) == 3


def test_the_jobs_of_the_house_are_planned_for_the_hours_the_town_knows(town: Town) -> None:
    planned = {job.name: (job.weekday, job.day, job.hour, job.minute, job.every) for job in handlers_ctx.JOBS}
    assert planned == {
        "best_before.warn": (0, 0, 8, 30, 0),
        "blocks.seal": (0, 0, 0, 0, 300),
        "blocks.tell": (0, 1, 8, 0, 0),
        "checkin.remind_missing": (0, 0, 18, 0, 0),
        "checkin.summarize": (0, 0, 20, 0, 0),
        "earn.pay_withheld": (0, 0, 0, 0, 600),
        "expiry.sweep": (0, 0, 0, 10, 0),
        "expiry.warn": (0, 0, 0, 0, 600),
        "honour.post": (0, 1, 9, 0, 0),
        "hot.tell_county": (1, 0, 8, 30, 0),
        "hot.tell_towns": (0, 0, 8, 0, 0),
        "patrol_day.end_day": (0, 0, 0, 0, 0),
        "patrol_day.remind_afternoon": (0, 0, 16, 0, 0),
        "patrol_day.remind_morning": (0, 0, 10, 0, 0),
        "publicity.post": (0, 0, 0, 0, 600),
        "reconcile.nightly": (0, 0, 2, 30, 0),
        "redeem.expire": (0, 0, 0, 0, 600),
        "reply.release_overdue": (0, 0, 0, 0, 600),
        "statement.month_end": (0, 0, 0, 0, 600),
        "survey_new.end_overdue": (0, 0, 0, 0, 0),
        "vouchers.return_unused": (0, 0, 0, 0, 600),
    }


@pytest.mark.parametrize("county_url", ["postgres"], indirect=True)
def test_four_houses_on_one_postgresql_run_a_job_once(county_url: str, make_town: MakeTown, job: str) -> None:
    towns = [make_town() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda town: run_at(town, SIX_PM), towns))
    assert sorted(done) == [[], [], [], [job]]
    assert said(towns[0]) == "1"


PROCESS = """
import sys
from pathlib import Path
from bot import clock
from bot.house import House
from bot.settings import Settings
settings = Settings(_env_file=None, database_url=sys.argv[1], rules_dir=Path("rules"))
house = House(settings, clock=lambda: int(sys.argv[2]))
house.open()
sys.stdin.readline()
print(",".join(clock.run_due(house.db, house.county, house.now())))
house.close()
"""


@pytest.mark.parametrize("county_url", ["postgres"], indirect=True)
def test_two_processes_on_one_postgresql_remind_once(county_url: str, town: Town) -> None:
    command = [sys.executable, "-c", PROCESS, county_url, str(SIX_PM)]
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ran = [
        name
        for process in processes
        for name in process.communicate(timeout=60)[0].strip().split(",")
        if name
    ]
    assert sorted(ran) == [
        "best_before.warn",
        "blocks.seal",
        "checkin.remind_missing",
        "earn.pay_withheld",
        "expiry.sweep",
        "expiry.warn",
        "hot.tell_county",
        "patrol_day.end_day",
        "publicity.post",
        "reconcile.nightly",
        "redeem.expire",
        "reply.release_overdue",
        "statement.month_end",
        "survey_new.end_overdue",
        "vouchers.return_unused",
    ]


def test_the_ticking_clock_of_a_server_runs_what_is_due_and_wakes_the_sender(town: Town, job: str) -> None:
    woken = []
    town.house.on_written = lambda: woken.append(True)
    town.time[0] = SIX_PM
    clock.tick(town.house)
    assert (said(town), woken) == ("1", [True])
    assert isinstance(town.house, House)
