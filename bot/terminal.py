"""What the commands of a terminal share: their settings, their database, and an end in one clear line."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from bot.settings import Settings
    from nlp.rules import Rules
    from store.db import Database

CATEGORIES = Path(__file__).parent.parent / "rules" / "categories.toml"
WRONG = 2  # exit status: what was asked for cannot be done as asked


def stop(message: str) -> NoReturn:
    """End with one clear line on stderr."""
    typer.echo(message, err=True)
    raise typer.Exit(WRONG)


@cache
def settings(**given: object) -> "Settings":
    """The settings; a name nobody knows is a warning, a wrong value the end."""
    from bot.settings import SettingsError, read, unknown_names

    try:
        for name in unknown_names():
            typer.echo(f"提醒：不认识的设置 {name}，没有使用", err=True)
        return read(**given)
    except SettingsError as error:
        stop(f"设置有错：{error}")


def remind(used: "Settings") -> None:
    """What printed addresses lack for use elsewhere."""
    if not used.public_url:
        typer.echo("提醒：没有设 MASHANG_PUBLIC_URL，二维码和进度链接只能在本机打开", err=True)


def existing_database() -> str:
    """The database's address; a SQLite file that is not there is a mistake, not an empty town."""
    from bot.house import why
    from store import schema

    url = settings().database_url
    try:
        found = schema.current(url)
    except Exception as error:
        stop(f"打不开数据库：{why(error)}")
    if not found:
        stop(f"数据库 {url.rpartition('@')[2]} 还没有建立，请先运行 mashang serve 或 mashang migrate")
    return url


def categories(file: Path) -> "Rules":
    """A file of categories; one that is wrong or missing is the end."""
    from nlp.rules import load_categories

    try:
        return load_categories(file)
    except (ValueError, OSError) as error:
        stop(f"规则文件有错：{error}")


@contextmanager
def reading() -> Iterator["Database"]:
    """The database, opened for reading only: a server may be running on it."""
    from store.db import Database

    db = Database(existing_database())
    try:
        yield db
    finally:
        db.close()


def write(work: str, given: dict[str, Any]) -> dict[str, Any]:
    """Do a work of `bot.handover` here, or in the server that holds the database."""
    from bot import handover, logs
    from bot.house import StartError

    logs.set_up(level=40)
    try:
        return handover.here_or_there(settings(), work, given)
    except (StartError, handover.NotDone) as error:
        stop(str(error))
