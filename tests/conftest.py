"""Both databases for every story: a copy of a migrated SQLite file, a lent PostgreSQL database."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.house import House
from bot.settings import Settings
from store import schema
from tests import postgres
from tests.postgres import Cluster
from tests.town import NOW, MakeTown, Town

ROOT = Path(__file__).parent.parent
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2 << 30


def pytest_configure() -> None:
    """Files of tests live in memory where there is room: no test sees whether a disk was waited for."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_finish() -> None:
    """What is imported by now stays: no collection of garbage need walk through it."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _clean_environment() -> None:
    """No setting of whoever runs the tests may reach them."""
    for name in [name for name in os.environ if name.startswith("MASHANG_") and "REQUIRE" not in name]:
        del os.environ[name]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server of this test process; skipped where none is installed, unless it is required."""
    postgres.need_server()
    with postgres.running() as running:
        yield running


@pytest.fixture(scope="session")
def sqlite_empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("sqlite") / "empty.db"
    schema.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def sqlite_county(sqlite_empty: Path) -> Path:
    """The same with the sample county."""
    file = sqlite_empty.with_name("county.db")
    shutil.copy(sqlite_empty, file)
    _load_county(f"sqlite:///{file}")
    return file


@pytest.fixture
def sandbox(tmp_path: Path, sqlite_county: Path) -> Path:
    """A folder as a sandbox leaves it: starting one there again is quicker than starting one from nothing."""
    shutil.copy(sqlite_county, tmp_path / "mashang.db")
    return tmp_path


@pytest.fixture(scope="session")
def postgres_empty(cluster: Cluster) -> str:
    schema.upgrade(cluster.create("empty"))
    return "empty"


@pytest.fixture(scope="session")
def postgres_county(cluster: Cluster, postgres_empty: str) -> str:
    _load_county(cluster.create("county", postgres_empty))
    return "county"


def _load_county(url: str) -> None:
    house = House(Settings(_env_file=None, database_url=url, sandbox=True, rules_dir=ROOT / "rules"))
    house.open()
    house.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty database, on both."""
    yield from _copy(request, tmp_path, "empty")


@pytest.fixture(params=["sqlite", "postgres"])
def county_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the sample county, on both."""
    yield from _copy(request, tmp_path, "county")


def _copy(request: pytest.FixtureRequest, folder: Path, what: str) -> Iterator[str]:
    if request.param == "sqlite":
        file = folder / "mashang.db"
        shutil.copy(request.getfixturevalue(f"sqlite_{what}"), file)
        yield f"sqlite:///{file}"
        return
    template = request.getfixturevalue(f"postgres_{what}")
    running: Cluster = request.getfixturevalue("cluster")
    with running.lent(template) as url:
        yield url


@pytest.fixture
def make_town(county_url: str) -> Iterator[MakeTown]:
    """Open the sample county; `rules` names another rules folder."""
    opened: list[House] = []

    def make(rules: Path = ROOT / "rules", **settings: object) -> Town:
        time = [NOW]
        values = {"database_url": county_url, "rules_dir": rules, "secret_key": "tests-only-secret-key"}
        house = House(Settings(_env_file=None, **{**values, **settings}), clock=lambda: time[0])
        opened.append(house)
        house.open()
        return Town(house, time)

    yield make
    for house in opened:
        house.close()


@pytest.fixture
def town(make_town: MakeTown) -> Town:
    return make_town()
