"""Start a server: bind first, so that the port is known (or taken) before anything else begins."""

import gc
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from bot.app import create_app
from bot.house import House, StartError
from bot.sandbox.app import Sandbox
from bot.sandbox.app import settings as sandbox_values
from bot.settings import Settings

STOP_SECONDS = 10


def prepare(settings: Settings) -> tuple[Settings, socket.socket]:
    """Bind the port and complete the settings with it; in the sandbox Tencent is the stand-in."""
    bound = _bind(settings.host, settings.port)
    settings = settings.model_copy(update={"port": bound.getsockname()[1]})
    return (_with_stand_in(settings) if settings.sandbox else settings), bound


def _with_stand_in(settings: Settings) -> Settings:
    """Tencent is the stand-in, with its keys for every channel that has none of its own."""
    tencent = f"{settings.local_url}/sandbox/tencent"
    changes = {
        name: value
        for name, value in sandbox_values().items()
        if not (settings.has_aibot if name.startswith("aibot") else settings.has_official)
    }
    if settings.wechat_api_base == Settings.model_fields["wechat_api_base"].default:
        changes["wechat_api_base"] = tencent
    return settings.model_copy(update={"wecom_api_base": settings.wecom_api_base or tencent, **changes})


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()  # only this makes a second server on the port fail
    except OSError as error:
        bound.close()
        raise StartError(
            f"不能监听 {host}:{port}（{error.strerror}），请换 MASHANG_HOST 或 MASHANG_PORT"
        ) from None
    return bound


def serve(settings: Settings, on_ready: Callable[[Settings], None] = lambda _: None) -> None:
    """Run until a signal ends it; what was acknowledged is then on disk. Raises StartError."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _end)  # uvicorn stops first and then hands the signal on
    house, bound = _open(settings, time.time)
    on_ready(house.settings)
    server = _server(house)
    gc.freeze()  # rules and registry live as long as the process: no collection need walk through them
    server.run(sockets=[bound])


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Whoever is asked to stop and does so has not failed."""
    raise SystemExit(0)


def _open(settings: Settings, clock: Callable[[], float]) -> tuple[House, socket.socket]:
    settings, bound = prepare(settings)
    house = House(settings, clock)
    try:
        house.open()
    except BaseException:
        house.close()
        bound.close()
        raise
    return house, bound


class _Server(uvicorn.Server):
    """uvicorn waits for open connections before it stops: the sandbox's live streams must end first."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.sandbox is not None:
            self.sandbox.close()
        await super().shutdown(sockets)

    @property
    def sandbox(self) -> Sandbox | None:
        app: FastAPI = self.config.app  # type: ignore[assignment]
        sandbox: Sandbox | None = app.state.sandbox
        return sandbox


def _server(house: House) -> _Server:
    config = uvicorn.Config(
        create_app(house),
        loop="uvloop",
        http="httptools",
        access_log=False,  # request lines carry tokens
        proxy_headers=False,  # nothing asks for the caller's address
        log_config=None,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return _Server(config)


@contextmanager
def running(
    settings: Settings, clock: Callable[[], float] = time.time
) -> Iterator[tuple[House, Sandbox | None]]:
    """A server in a thread of this process, for the demo and the tests: (house, sandbox or None)."""
    house, bound = _open(settings, clock)
    server = _server(house)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="mashang-server")
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield house, server.sandbox
    finally:
        server.should_exit = True
        thread.join()
