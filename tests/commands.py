"""The command line as somebody at a terminal uses it: real processes, no settings but those given."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent
MASHANG = Path(sys.executable).with_name("mashang")
RULES = {"MASHANG_RULES_DIR": str(ROOT / "rules")}
SANDBOX = {**RULES, "MASHANG_SANDBOX": "1", "MASHANG_PORT": "0"}
COUNTY = ROOT / "bot" / "sandbox" / "county"


@dataclass(frozen=True)
class Done:
    """How a command ended: what it printed, and its exit status."""

    out: str
    err: str
    status: int


def run(*words: str, cwd: Path, env: Mapping[str, str] = RULES, given: bytes = b"") -> Done:
    """Run `mashang` with `words` and nothing else in its environment."""
    done = subprocess.run(
        [MASHANG, *words], cwd=cwd, env=dict(env), input=given, capture_output=True, timeout=60
    )
    return Done(done.stdout.decode(), done.stderr.decode(), done.returncode)


@dataclass
class Server:
    """A `mashang serve` of its own process; its log grows in `log`."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, trust_env=False, timeout=10)

    def stop(self) -> int:
        """Ask it to stop, as an init system does; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)


@contextmanager
def serving(cwd: Path, env: Mapping[str, str] = SANDBOX) -> Iterator[Server]:
    log = cwd / "serve.log"
    with log.open("wb") as err:
        process = subprocess.Popen(
            [MASHANG, "serve"],
            cwd=cwd,
            env={**env, "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            stderr=err,
        )
    try:
        assert process.stdout is not None
        first = process.stdout.readline().decode().strip()
        assert first.startswith("码上办已启动："), first + log.read_text(encoding="utf-8")
        yield Server(process, first.removeprefix("码上办已启动："), log)
    finally:
        process.kill()
        process.communicate()
