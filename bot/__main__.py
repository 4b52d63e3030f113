"""The command line: `mashang --help`. Each command imports what it needs, so that `classify` starts fast."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.rules_commands import app as rules_app

if TYPE_CHECKING:
    from bot.settings import Settings
    from store.db import Database

app = typer.Typer(
    help="码上办：网格化治理的聊天机器人。",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they show local variables: keys, phone numbers
)
inbox_app = typer.Typer(help="没能自动处理的消息。", no_args_is_help=True)
app.add_typer(inbox_app, name="inbox")
points_app = typer.Typer(help="积分预算。", no_args_is_help=True)
app.add_typer(points_app, name="points")
app.add_typer(rules_app, name="rules")

WRONG = 2  # exit status: what was asked for cannot be done as asked
CATEGORIES = Path(__file__).parent.parent / "rules" / "categories.toml"


def stop(message: str) -> NoReturn:
    """End with one clear line on stderr."""
    typer.echo(message, err=True)
    raise typer.Exit(WRONG)


@app.command(help="启动服务。")
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址，默认 MASHANG_HOST")] = None,
    port: Annotated[int | None, typer.Option(help="监听端口，默认 MASHANG_PORT", min=0, max=65535)] = None,
) -> None:
    from bot import logs, server
    from bot.house import StartError

    def ready(settings: "Settings") -> None:
        typer.echo(f"码上办已启动：{settings.base_url}")
        if settings.sandbox:
            typer.echo(f"沙箱（先看这里）：{settings.base_url}/sandbox")
        else:
            _remind(settings)

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = _settings(**given)
    logs.set_up()
    try:
        server.serve(settings, ready)
    except StartError as error:
        stop(str(error))


@app.command(help="建立数据库，或升级到最新结构。")
def migrate() -> None:
    from bot.house import why
    from store import schema
    from store.db import Database, Occupied

    url = _settings().database_url
    db = Database(url)
    try:
        db.open_writer()
        before = schema.current(url)
        schema.upgrade(url)
    except Occupied:
        stop("服务正在使用这个数据库，请先停掉它再升级。")
    except Exception as error:
        stop(f"数据库没有升级：{why(error)}")
    finally:
        db.close()
    typer.echo(f"数据库结构：{before or '空'} → {schema.head()}")


@app.command(help="在终端里走一遍全过程，每一步都核对；全对才以 0 结束。")
def demo(
    rules: Annotated[Path | None, typer.Option(help="规则文件夹，默认 MASHANG_RULES_DIR")] = None,
) -> None:
    from bot import demo, logs

    logs.set_up(level=40)
    raise typer.Exit(demo.run(rules or _settings().rules_dir))


@app.command(
    "import-registry", help="导入网格、人员、部门、超市和商品（CSV 文件夹）；有一行不对就什么都不导入。"
)
def import_registry(
    folder: Annotated[Path, typer.Argument(help="放 grids.csv、people.csv 等文件的文件夹")],
    invitations: Annotated[
        Path | None, typer.Option(help="给每位有角色的人发一次性邀请码，写到这个文件")
    ] = None,
) -> None:
    from bot import printed
    from bot.text_file import read_text

    if not folder.is_dir():
        stop(f"没有文件夹 {folder}")
    try:
        files = {file.name: read_text(file) for file in sorted(folder.glob("*.csv"))}
        # Opened first: codes that could not be written down would be lost.
        private = printed.open_private(invitations) if invitations else None
    except ValueError as error:
        stop(str(error))
    except OSError as error:
        stop(f"写不了 {invitations}：{error.strerror}")
    done = _write("import-registry", {"files": files, "invite": bool(private)})
    if done["errors"]:
        for line in done["errors"]:
            typer.echo(line, err=True)
        stop(f"共 {len(done['errors'])} 处不对，什么都没有导入。")
    for line in done["notes"]:
        typer.echo(f"提醒：{line}", err=True)
    for name in files:
        typer.echo(f"{name}：新增 {done['added'][name]}，更新 {done['changed'][name]}")
    if private:
        settings = _settings()
        printed.write_invitations(private, done["invitations"], settings.base_url)
        _remind(settings)
        typer.echo(f"邀请码 {len(done['invitations'])} 个，写在 {invitations}（7 天内有效，请分发后删除）")


@app.command(help="给文本分类：标准输入一行一条，标准输出一行一个 JSON。不需要任何设置。")
def classify(
    rules: Annotated[
        Path, typer.Option(help="分类规则文件，默认 rules/categories.toml", show_default=False)
    ] = CATEGORIES,
) -> None:
    import json

    from nlp.classify import classify as read
    from nlp.rules import load_categories

    try:
        loaded = load_categories(rules)
    except (ValueError, OSError) as error:
        stop(f"规则文件有错：{error}")
    # A text ends at a line feed and nowhere else, and bytes that are no text must not end the work.
    sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace", newline="\n")  # type: ignore[union-attr]
    for line in sys.stdin:
        guess = read(line.rstrip("\r\n"), loaded)
        row = {name: getattr(guess, name) for name in ("category", "uncertain", "score", "words")}
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        sys.stdout.flush()  # whoever asks line by line waits for it


@app.command(help="把文件里的每一行当作一位居民的加密公众号消息，发给运行中的服务。")
def replay(
    file: Annotated[Path, typer.Argument(help="CSV 文件")],
    column: Annotated[str, typer.Option(help="哪一列是消息")],
    url: Annotated[str, typer.Option(help="服务地址，例如 http://127.0.0.1:8000")],
    limit: Annotated[int | None, typer.Option(help="只发前多少行", min=1)] = None,
    twice: Annotated[bool, typer.Option("--twice", help="每条发两次，核对两次回答相同")] = False,
    connections: Annotated[int, typer.Option(help="同时多少个连接", min=1, max=256)] = 16,
) -> None:
    from bot import replay

    try:
        texts = replay.read_column(file, column, limit)
        summary = replay.run(
            texts, url, replay.keys_of(_settings()), deliveries=2 if twice else 1, connections=connections
        )
    except replay.CannotReplay as error:
        stop(str(error))
    typer.echo(summary.text())
    raise typer.Exit(0 if summary.is_good else 1)


@app.command(help="导出数据：cases、notices、checkins 或 ledger。电话号码已打码。")
def export(
    kind: Annotated[str, typer.Argument(help="cases | notices | checkins | ledger")],
    format: Annotated[str, typer.Option(help="jsonl 或 csv")] = "jsonl",
) -> None:
    from bot import export

    if kind not in export.KINDS:
        stop(f"没有 {kind} 这一种，可用：{'、'.join(export.KINDS)}")
    if format not in export.FORMATS:
        stop(f"没有 {format} 这种格式，可用：{'、'.join(export.FORMATS)}")
    with _reading() as db:
        export.write(db, kind, format, sys.stdout)


@app.command(help="多人反映的同一件事：一个 CSV/XLSX 文件里的，或者本县一段时间的事件里的。")
def hot(
    file: Annotated[
        Path | None, typer.Argument(help="id,user,title,time,detail,up 的表；不给就看数据库里的事件")
    ] = None,
    since: Annotated[str | None, typer.Option(help="从哪天起，例如 2026-11-01")] = None,
    until: Annotated[str | None, typer.Option(help="到哪天为止（含这一天）")] = None,
    format: Annotated[str, typer.Option(help="text 或 jsonl")] = "text",
    days: Annotated[int, typer.Option(help="按多少天里的人数排名", min=1)] = 30,
    top: Annotated[int | None, typer.Option(help="只要前多少个", min=1)] = None,
    rules: Annotated[
        Path, typer.Option(help="分类规则文件，默认 rules/categories.toml", show_default=False)
    ] = CATEGORIES,
) -> None:
    import time

    from bot import hot_command
    from nlp.rules import load_categories

    if format not in hot_command.FORMATS:
        stop(f"没有 {format} 这种格式，可用：{'、'.join(hot_command.FORMATS)}")
    if file is None and since is None:
        stop("给一个文件，或者用 --since 2026-11-01 看这天以来本县的事件")
    try:
        begin = hot_command.moment(since) if since else None
        end = hot_command.moment(until, end=True) if until else None
        if begin is not None and end is not None and begin >= end:
            stop(f"--since {since} 比 --until {until} 晚")
        loaded = load_categories(rules)
        if file is not None:
            found = hot_command.read_table(file)
            for note in found.notes:
                typer.echo(f"提醒：{note}", err=True)
            reports = found.reports
        else:
            with _reading() as db:
                reports = hot_command.read_cases(db, begin or 0, end or int(time.time()) + 1)
    except (ValueError, OSError) as error:
        stop(str(error))
    issues = hot_command.find(reports, since=begin, until=end, days=days, rules=loaded)
    hot_command.write(issues[:top], format, loaded, sys.stdout)


@app.command(help="给每个网格写一个二维码（SVG），扫码即可上报。")
def qr(
    folder: Annotated[Path, typer.Option("--out", help="写到哪个文件夹")] = Path("qr"),
    level: Annotated[str, typer.Option(help="只要这一级的单位，all 为全部")] = "grid",
) -> None:
    from bot import printed
    from store import units

    settings = _settings()
    with _reading() as db, db.read() as tx:
        found = [unit for unit in units.load(tx).units.values() if level in ("all", unit.level)]
    if not found:
        stop(f"没有 {level} 这一级的单位，请先导入：mashang import-registry 文件夹")
    try:
        printed.write_codes(found, settings.base_url, folder)
    except OSError as error:
        stop(f"写不了 {folder}：{error.strerror}")
    _remind(settings)
    typer.echo(f"{len(found)} 个二维码写在 {folder}，网址以 {settings.base_url}/r/ 开头")


@app.command(help="打印户卡：一个片区各户的卡排成 A4 页（HTML，用浏览器打印或存成 PDF）。")
def cards(
    unit: Annotated[str, typer.Argument(help="单位编号，例如 QH-XF")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件")] = Path("户卡.html"),
) -> None:
    from bot import printed
    from handlers.cards import PRINT_MAX, faces
    from store import units

    settings = _settings()
    with _reading() as db, db.read() as tx:
        registry = units.load(tx)
        found = registry.by_code.get(unit)
        if found is None:
            stop(f"没有编号为 {unit} 的单位，请先导入：mashang import-registry 文件夹")
        listed = faces(tx, registry, settings.base_url, found.id)
    if not listed:
        stop(f"{found.name}还没有积分户。")
    try:
        printed.write_cards(printed.open_private(out), found, listed)
    except OSError as error:
        stop(f"写不了 {out}：{error.strerror}")
    _remind(settings)
    typer.echo(f"{len(listed)} 张户卡写在 {out}，用浏览器打开，打印成 A4")
    if len(listed) == PRINT_MAX:
        typer.echo(f"一次最多 {PRINT_MAX} 张，其余的请按下级单位分开打印。")


@inbox_app.command("retry", help="再处理一次没能自动处理的消息。")
def inbox_retry() -> None:
    _existing_database()
    done = _write("inbox-retry", {})
    typer.echo(f"处理好 {done['done']} 条，还有 {done['failed']} 条不行。")
    raise typer.Exit(1 if done["failed"] else 0)


@points_app.command("budgets", help="各镇各年的积分预算和余额。")
def points_budgets() -> None:
    from bot.points_commands import budget_rows

    with _reading() as db:
        rows = budget_rows(db)
    typer.echo("\n".join(rows) or "还没有预算：第一次有人得积分时按 rules/points.toml 开立。")


@points_app.command("grant", help="给一笔预算追加积分；同一文号只追加一次。")
def points_grant(
    number: Annotated[int, typer.Argument(help="预算编号，见 mashang points budgets")],
    points: Annotated[int, typer.Argument(help="追加多少分", min=1)],
    key: Annotated[str, typer.Option("--key", help="文号或依据")],
) -> None:
    _existing_database()
    done = _write("points-grant", {"number": number, "points": points, "key": key})
    if "error" in done:
        stop(done["error"])
    typer.echo(f"预算 {number} 现余 {done['left']} 分。")


@points_app.command(
    "batch", help="月底批量积分：先看一遍，每行的错都说清；--propose 提交，由另一个人在公众号里批准。"
)
def points_batch(
    file: Annotated[Path, typer.Argument(help=".xlsx 或 .csv：户号或人员编号、分数、事由")],
    month: Annotated[str, typer.Option(help="哪个月，例如 2026-11")] = "",
    rule: Annotated[str, typer.Option(help="rules/points.toml 里 path = batch 的名称，例如 月度评议")] = "",
    propose: Annotated[bool, typer.Option("--propose", help="没有错就提交，等另一个人批准")] = False,
    by: Annotated[str, typer.Option(help="谁提交：村(社区)工作人员或指挥中心的姓名、人员编号")] = "",
    sample: Annotated[bool, typer.Option("--sample", help="写一张样表到这个文件，不看也不提交")] = False,
    unit: Annotated[str, typer.Option(help="样表里列出这个村(社区)或网格（编码）的各户")] = "",
) -> None:
    from bot import batch_command

    try:
        if sample:
            with _reading() as db:
                count = batch_command.write_sample(file, db, unit)
            typer.echo(f"样表写在 {file}，{count} 户。填好分数再运行，没写分数的行不算。")
            return
        rows, notes = batch_command.read(file)
        for note in notes:
            typer.echo(f"提醒：{note}", err=True)
        with _reading() as db:
            seen = batch_command.preview(db, _settings().rules_dir, rule, month, rows, by if propose else "")
    except ValueError as error:
        stop(str(error))
    batch_command.write(seen, sys.stdout)
    if seen.errors:
        for line in seen.errors:
            typer.echo(line, err=True)
        stop(f"共 {len(seen.errors)} 处不对，什么都没有提交。")
    if not propose:
        typer.echo("没有错。要提交就加上 --propose --by 姓名。")
        return
    done = _write("points-batch", {"rule": rule, "month": month, "rows": rows, "by": by})
    if done["errors"]:
        stop("\n".join(done["errors"]))
    typer.echo(f"已提交，批次 {done['number']}。请另一个人在公众号里发：批准批次 {done['number']}")


@points_app.command("statements", help="导出一个月的积分对账单（每户一行），.xlsx 或 .csv。")
def points_statements(
    month: Annotated[str, typer.Option("--month", help="月份，例如 2026-11")],
    out: Annotated[Path | None, typer.Option("--out", help="写到这个文件；不给就写标准输出（csv）")] = None,
) -> None:
    import re

    from bot import statement_sheet

    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        stop(f"没有 {month} 这个月份，请写成 2026-11")
    if out is not None and out.suffix not in statement_sheet.FORMATS:
        stop(f"文件名请以 {' 或 '.join(statement_sheet.FORMATS)} 结尾")
    with _reading() as db:
        try:
            count = statement_sheet.write(db, month, out)
        except OSError as error:
            stop(f"写不了 {out}：{error.strerror}")
    if not count:
        stop(f"{month} 还没有对账单：月底过后由运行中的服务生成。")
    if out is not None:
        typer.echo(f"{count} 户的对账单写在 {out}")


@app.command(help="核对积分和库存的全部流水、分录和余额；有一处不对就以 1 结束。")
def reconcile() -> None:
    from rich.console import Console
    from rich.progress import Progress

    from handlers.reconcile import check
    from store import audit

    with _reading() as db, Progress(console=Console(stderr=True)) as bar:
        with db.read() as tx:
            task = bar.add_task("核对账目", total=audit.size(tx))
        found = check(db.read, lambda count: bar.advance(task, count))
    for line in found:
        typer.echo(line)
    if found:
        typer.echo(f"共 {len(found)} 处不对：请停止发放积分，用备份核查。", err=True)
        raise typer.Exit(1)
    typer.echo("账目相符。")


@rules_app.command("check", help="检查规则文件。")
def rules_check(
    folder: Annotated[Path | None, typer.Argument(help="规则文件夹，默认 MASHANG_RULES_DIR")] = None,
) -> None:
    import handlers.rules

    try:
        rules = handlers.rules.load(folder or _settings().rules_dir)
    except (ValueError, OSError) as error:
        stop(f"规则文件有错：{error}")
    typer.echo(
        f"没有问题：{len(rules.reading.categories)} 个类别，{len(rules.intents.wishes)} 种来意，"
        f"{len(rules.answers.blocks)} 条固定回答，{len(rules.notices)} 条通知规则，"
        f"{len(rules.points.rules)} 条积分规则，版本 {rules.revision}"
    )


@cache
def _settings(**given: object) -> "Settings":
    """The settings; a name nobody knows is a warning, a wrong value the end."""
    from bot import settings

    try:
        for name in settings.unknown_names():
            typer.echo(f"提醒：不认识的设置 {name}，没有使用", err=True)
        return settings.read(**given)
    except settings.SettingsError as error:
        stop(f"设置有错：{error}")


def _remind(settings: "Settings") -> None:
    if not settings.public_url:
        typer.echo("提醒：没有设 MASHANG_PUBLIC_URL，二维码和进度链接只能在本机打开", err=True)


def _existing_database() -> str:
    """The database's address; a SQLite file that is not there is a mistake, not an empty town."""
    from bot.house import why
    from store import schema

    url = _settings().database_url
    try:
        found = schema.current(url)
    except Exception as error:
        stop(f"打不开数据库：{why(error)}")
    if not found:
        stop(f"数据库 {url.rpartition('@')[2]} 还没有建立，请先运行 mashang serve 或 mashang migrate")
    return url


@contextmanager
def _reading() -> Iterator["Database"]:
    """The database, opened for reading only: a server may be running on it."""
    from store.db import Database

    db = Database(_existing_database())
    try:
        yield db
    finally:
        db.close()


def _write(work: str, given: dict[str, Any]) -> dict[str, Any]:
    from bot import handover, logs
    from bot.house import StartError

    logs.set_up(level=40)
    try:
        return handover.here_or_there(_settings(), work, given)
    except (StartError, handover.NotDone) as error:
        stop(str(error))


def main() -> None:
    """Entry of the `mashang` script. It speaks UTF-8 whatever the locale of the machine."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
