"""State machines of hypothesis, each example on a database of its own that is lent to it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.postgres import Cluster

Lend = Callable[[], AbstractContextManager[str]]
MANY = 20  # examples


def lender(request: pytest.FixtureRequest, tmp_path: Path, what: str) -> Lend:
    """Lends copies of a template (empty, county) on the database that `request.param` names."""
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("cluster")
        return partial(cluster.lent, request.getfixturevalue(f"postgres_{what}"))
    template: Path = request.getfixturevalue(f"sqlite_{what}")
    numbers = count(1)

    @contextmanager
    def copy() -> Iterator[str]:
        file = tmp_path / f"{next(numbers)}.db"
        shutil.copy(template, file)
        yield f"sqlite:///{file}"
        file.unlink()

    return copy


def run_machine(machine: type[RuleBasedStateMachine], lend: Lend, *, examples: int, steps: int) -> None:
    """Many examples tell which one it is, past what pytest captures with `--capture=sys`.

    A few more than wanted may begin: those that hypothesis gives up do not count.
    """
    numbers = count(1)

    def lend_and_tell() -> AbstractContextManager[str]:
        if examples >= MANY:
            told = f"\r{machine.__name__}: example {next(numbers)}, {examples} wanted "
            print(told, end="", file=sys.__stderr__, flush=True)
        return lend()

    run_state_machine_as_test(
        type(f"{machine.__name__}OnThis", (machine,), {"lend": staticmethod(lend_and_tell)}),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # the steps tell enough; making them fewer takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
