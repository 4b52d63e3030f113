"""Processes that begin with our code imported: each is forked from one that did nothing else.

From nothing a server takes two seconds of the processor for its imports. That it starts from nothing too is
seen by the bench, which runs `python -m bot serve`, and by `commands.run_process`.
"""

import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from bot import __main__ as command_line

ROOT = Path(__file__).parent.parent
PATIENCE_SECONDS = 300  # ends a test that hangs; no busy machine needs so long
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["bot.app", "bot.server", "tests.town", "tests.town_rules", "pytest"])


class Forked:
    """A process that does `act`; its stdout is a text file to read from, its stderr is added to `err`."""

    def __init__(
        self, act: Callable[..., None], *args: object, err: Path, cwd: Path, env: Mapping[str, str]
    ) -> None:
        heard, says = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(target=_begin, args=(says, err, cwd, dict(env), act, args), daemon=True)
        self._process.start()
        says.close()
        self.stdout = os.fdopen(os.dup(heard.fileno()), encoding="utf-8")
        heard.close()

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def wait(self) -> int:
        """Its exit status; below 0 the signal that ended it."""
        self._process.join(PATIENCE_SECONDS)
        assert self._process.exitcode is not None, "it does not end"
        return self._process.exitcode

    def close(self) -> None:
        """End it, if it still runs."""
        self.kill()
        self.wait()
        self.stdout.close()


def mashang(*words: str, cwd: Path, env: Mapping[str, str], err: Path) -> Forked:
    """The command line, with `words`."""
    return Forked(_mashang, *words, cwd=cwd, env=env, err=err)


def _mashang(*words: str) -> None:
    sys.argv = ["mashang", *words]
    command_line.main()


def _begin(
    says: Connection,
    err: Path,
    cwd: Path,
    env: dict[str, str],
    act: Callable[..., None],
    args: tuple[object, ...],
) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    with err.open("ab") as file:
        os.dup2(file.fileno(), 2)
    os.dup2(says.fileno(), 1)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
    act(*args)
