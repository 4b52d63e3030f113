"""The sample town behind a real server, for tests in a real browser."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from starlette.applications import Starlette
from starlette.routing import Mount

from bot.app import create_app
from bot.house import House
from bot.settings import Settings
from tests.echo_bot import serving
from tests.town import NOW, Town

T = TypeVar("T")


@contextmanager
def served_town(county: Path, folder: Path) -> Iterator[tuple[str, Town]]:
    """The server's address and the town on a copy of the file `county`."""
    file = folder / "mashang.db"
    shutil.copy(county, file)
    time = [NOW]
    settings = Settings(_env_file=None, database_url=f"sqlite:///{file}", secret_key="tests-only-secret-key")
    house = House(settings, clock=lambda: time[0])
    house.open()
    with serving(Starlette(routes=[Mount("/", create_app(house))])) as address:
        yield address, Town(house, time)
    house.close()


def aside(act: Callable[[], T]) -> T:
    """Do something in a thread of its own: this one belongs to the browser's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()
