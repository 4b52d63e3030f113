"""The command line as somebody at a terminal uses it: no settings but those given."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO, TextIOWrapper
from pathlib import Path

import httpx
import pytest

from bot import __main__ as command_line
from bot import terminal
from bot.replay import keys_of
from bot.sandbox.wire import OfficialKeys, Push, official_push, text_fields
from bot.settings import Settings
from tests import processes
from tests.processes import PATIENCE_SECONDS, Forked
from tests.town import NOW

ROOT = Path(__file__).parent.parent
MASHANG = Path(sys.executable).with_name("mashang")
RULES = {"MASHANG_RULES_DIR": str(ROOT / "rules")}
SANDBOX = {**RULES, "MASHANG_SANDBOX": "1", "MASHANG_PORT": "0"}
COUNTY = ROOT / "bot" / "sandbox" / "county"
KEYS = keys_of(Settings(_env_file=None))  # the sandbox's


@dataclass(frozen=True)
class Done:
    """How a command ended: what it printed, and its exit status."""

    out: str
    err: str
    status: int


def run(*words: str, cwd: Path, env: Mapping[str, str] = RULES, given: bytes = b"") -> Done:
    """Run `mashang` with `words` and nothing else in its environment, by its entry point in this process."""
    out, err = _stream(), _stream()
    status: object = 0
    with pytest.MonkeyPatch.context() as here, _as_it_was():
        here.chdir(cwd)
        for name in list(os.environ):
            here.delenv(name)
        for name, value in env.items():
            here.setenv(name, value)
        here.setattr(sys, "argv", ["mashang", *words])
        for name, stream in (("stdin", _stream(given)), ("stdout", out), ("stderr", err)):
            here.setattr(sys, name, stream)
        try:
            command_line.main()
        except SystemExit as end:
            status = end.code or 0
    assert isinstance(status, int), status
    return Done(_text(out), _text(err), status)


def run_process(*words: str, cwd: Path, env: Mapping[str, str] = RULES, given: bytes = b"") -> Done:
    """The same in a process of its own, half a second slower: for what only a process has or could lose."""
    done = subprocess.run(
        [MASHANG, *words], cwd=cwd, env=dict(env), input=given, capture_output=True, timeout=PATIENCE_SECONDS
    )
    return Done(done.stdout.decode(), done.stderr.decode(), done.returncode)


@contextmanager
def _as_it_was() -> Iterator[None]:
    """Put back what a command changes for good, since its process ends with it: settings, log, signals."""
    terminal.settings.cache_clear()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # else setting up the log would close them
    actions = {which: signal.getsignal(which) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        terminal.settings.cache_clear()
        root.handlers[:] = handlers
        root.setLevel(level)
        for which, action in actions.items():
            signal.signal(which, action)


def _stream(given: bytes = b"") -> TextIOWrapper:
    return TextIOWrapper(BytesIO(given), encoding="utf-8", write_through=True)


def _text(stream: TextIOWrapper) -> str:
    held = stream.buffer
    assert isinstance(held, BytesIO)
    return held.getvalue().decode()


def push(text: str, number: int, openid: str = "o-somebody", keys: OfficialKeys = KEYS) -> Push:
    """A text as Tencent sends it; `number` is its message id."""
    fields = text_fields("gh_test", openid, text, number, NOW)
    return official_push(keys, fields, timestamp=NOW, nonce="n")


@dataclass
class Server:
    """A `mashang serve` of its own process; its log grows in `log`."""

    process: Forked
    url: str
    log: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False, timeout=10)

    def say(self, text: str, number: int = 1, keys: OfficialKeys = KEYS) -> httpx.Response:
        """Send it one message of the official account."""
        sent = push(text, number, keys=keys)
        return httpx.post(
            f"{self.url}/wechat/official", params=sent.query, content=sent.body, trust_env=False, timeout=10
        )

    def stop(self) -> int:
        """Ask it to stop, as an init system does; its exit status."""
        self.process.terminate()
        return self.process.wait()


@contextmanager
def serving(cwd: Path, env: Mapping[str, str] = SANDBOX) -> Iterator[Server]:
    log = cwd / "serve.log"
    process = processes.mashang("serve", cwd=cwd, env=env, err=log)
    try:
        first = process.stdout.readline().strip()
        assert first.startswith("码上办已启动："), first + log.read_text(encoding="utf-8")
        yield Server(process, first.removeprefix("码上办已启动："), log)
    finally:
        process.close()
