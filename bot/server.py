"""Start a server: bind first, so that the port is known (or taken) before anything else begins."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
    if settings.sandbox:
        tencent = f"{_local(settings)}/sandbox/tencent"
        changes = {**sandbox_values(), "wechat_api_base": tencent, "wecom_api_base": tencent}
        settings = settings.model_copy(update={**changes, "wechat_mode": "safe"})
    return settings, bound


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise StartError(
            f"不能监听 {host}:{port}（{error.strerror}），请换 MASHANG_HOST 或 MASHANG_PORT"
        ) from None
    return bound


def _local(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.port}" if settings.host != "::1" else f"http://[::1]:{settings.port}"


def serve(settings: Settings, on_ready: Callable[[Settings], None] = lambda _: None) -> None:
    """Run until a signal ends it; what was acknowledged is then on disk. Raises StartError."""
    settings, bound = prepare(settings)
    house = House(settings)
    try:
        house.open()
    except BaseException:
        house.close()
        raise
    on_ready(settings)
    _server(house).run(sockets=[bound])


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
        log_config=None,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    return _Server(config)


@contextmanager
def running(
    settings: Settings, clock: Callable[[], float] = time.time
) -> Iterator[tuple[House, Sandbox | None]]:
    """A server in a thread of this process, for the demo and the tests: (house, sandbox or None)."""
    settings, bound = prepare(settings)
    house = House(settings, clock)
    try:
        house.open()
    except BaseException:
        house.close()
        bound.close()
        raise
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
