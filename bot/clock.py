"""Runs the handlers' jobs: each at its planned local time, once across processes and restarts."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.house import House
from handlers.ctx import JOBS, County, Job, JobCtx
from handlers.days import ZONE
from store import runs
from store.db import Database
from store.tx import Tx

log = logging.getLogger("mashang.clock")
TICK_SECONDS = 20


def start(house: House) -> BackgroundScheduler:
    """One interval job per process that asks what is due."""
    scheduler = BackgroundScheduler(timezone=ZONE, executors={"default": ThreadPoolExecutor(1)})
    scheduler.add_job(tick, "interval", [house], seconds=TICK_SECONDS, coalesce=True, max_instances=1)
    scheduler.start()
    return scheduler


def tick(house: House) -> None:
    house.refresh()
    run_due(house.db, house.county, house.now())
    house.on_written()


def run_due(db: Database, county: County, now: int) -> list[str]:
    """Run every job whose latest planned time has come and was not run; their names, in whose order they run.

    A run that fails is logged and tried again at the next tick, until its catch-up time has passed.
    """
    done = []
    for job in sorted(JOBS, key=lambda job: job.name):  # not in that of the imports
        planned = _planned(job, now)
        if now - planned > job.catch_up_seconds or _is_done(db, job, planned):
            continue
        try:
            work = _prepared(db, county, job, planned, now)
            if db.write(partial(_run, county=county, job=job, planned=planned, now=now, work=work)):
                done.append(job.name)
        except Exception:
            log.exception("job %s failed", job.name)
    return done


def _planned(job: Job, now: int) -> int:
    """The latest time at or before `now` for which the job is planned."""
    if job.every:
        return now // job.every * job.every
    moment = datetime.fromtimestamp(now, ZONE)
    planned = moment.replace(hour=job.hour, minute=job.minute, second=0, microsecond=0)
    while planned > moment or job.weekday not in (0, planned.isoweekday()) or job.day not in (0, planned.day):
        planned -= timedelta(days=1)
    return int(planned.timestamp())


def _is_done(db: Database, job: Job, planned: int) -> bool:
    with db.read() as tx:
        return runs.done(tx, job=job.name, planned=planned)


def _prepared(db: Database, county: County, job: Job, planned: int, now: int) -> Callable[[JobCtx], None]:
    """What is to be written, thought out in a reading transaction while the writer serves others."""
    if job.prepare is None:
        return job.run
    with db.read() as tx:
        prepared = job.prepare(JobCtx(tx, now, planned, county))
    return lambda ctx: job.run(ctx, prepared)


def _run(tx: Tx, county: County, job: Job, planned: int, now: int, work: Callable[[JobCtx], None]) -> bool:
    """The row and the job's work in one unit: another process that comes second finds the row."""
    if not runs.begin(tx, job=job.name, planned=planned, now=now):
        return False
    work(JobCtx(tx, now, planned, county))
    return True
