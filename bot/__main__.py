"""The command line: `mashang --help`. Each command imports what it needs, so that it starts fast."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import terminal
from bot.points_app import app as points_app
from bot.rules_commands import app as rules_app
from bot.text_commands import app as text_app

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(
    help="码上办：网格化治理的聊天机器人。",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,  # they show local variables: keys, phone numbers
)
inbox_app = typer.Typer(help="没能自动处理的消息。", no_args_is_help=True)
app.add_typer(inbox_app, name="inbox")
app.add_typer(text_app)
app.add_typer(points_app, name="points")
app.add_typer(rules_app, name="rules")


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
            terminal.remind(settings)

    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    settings = terminal.settings(**given)
    logs.set_up()
    try:
        server.serve(settings, ready)
    except StartError as error:
        terminal.stop(str(error))


@app.command(help="建立数据库，或升级到最新结构。")
def migrate() -> None:
    from bot.house import why
    from store import schema
    from store.db import Database
    from store.sqlite import Occupied

    url = terminal.settings().database_url
    db = Database(url)
    try:
        db.open_writer()
        before = schema.current(url)
        schema.upgrade(url)
    except Occupied:
        terminal.stop("服务正在使用这个数据库，请先停掉它再升级。")
    except Exception as error:
        terminal.stop(f"数据库没有升级：{why(error)}")
    finally:
        db.close()
    typer.echo(f"数据库结构：{before or '空'} → {schema.head()}")


@app.command(help="在终端里走一遍全过程，每一步都核对；全对才以 0 结束。")
def demo(
    rules: Annotated[Path | None, typer.Option(help="规则文件夹，默认 MASHANG_RULES_DIR")] = None,
) -> None:
    from bot import demo, logs

    logs.set_up(level=40)
    raise typer.Exit(demo.run(rules or terminal.settings().rules_dir))


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
        terminal.stop(f"没有文件夹 {folder}")
    try:
        files = {file.name: read_text(file) for file in sorted(folder.glob("*.csv"))}
        # Opened first: codes that could not be written down would be lost.
        private = printed.open_private(invitations) if invitations else None
    except ValueError as error:
        terminal.stop(str(error))
    except OSError as error:
        terminal.stop(f"写不了 {invitations}：{error.strerror}")
    done = terminal.write("import-registry", {"files": files, "invite": bool(private)})
    if done["errors"]:
        for line in done["errors"]:
            typer.echo(line, err=True)
        terminal.stop(f"共 {len(done['errors'])} 处不对，什么都没有导入。")
    for line in done["notes"]:
        typer.echo(f"提醒：{line}", err=True)
    for name in files:
        typer.echo(f"{name}：新增 {done['added'][name]}，更新 {done['changed'][name]}")
    if private:
        settings = terminal.settings()
        printed.write_invitations(private, done["invitations"], settings.base_url)
        terminal.remind(settings)
        typer.echo(f"邀请码 {len(done['invitations'])} 个，写在 {invitations}（7 天内有效，请分发后删除）")


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
        keys = replay.keys_of(terminal.settings())
        summary = replay.run(texts, url, keys, deliveries=2 if twice else 1, connections=connections)
    except replay.CannotReplay as error:
        terminal.stop(str(error))
    typer.echo(summary.text())
    raise typer.Exit(0 if summary.is_good else 1)


@app.command(help="导出数据：cases、notices、checkins 或 ledger。电话号码已打码。")
def export(
    kind: Annotated[str, typer.Argument(help="cases | notices | checkins | ledger")],
    format: Annotated[str, typer.Option(help="jsonl 或 csv")] = "jsonl",
) -> None:
    from bot import export

    if kind not in export.KINDS:
        terminal.stop(f"没有 {kind} 这一种，可用：{'、'.join(export.KINDS)}")
    if format not in export.FORMATS:
        terminal.stop(f"没有 {format} 这种格式，可用：{'、'.join(export.FORMATS)}")
    with terminal.reading() as db:
        export.write(db, kind, format, sys.stdout)


@app.command(help="给每个网格写一个二维码（SVG），扫码即可上报。")
def qr(
    folder: Annotated[Path, typer.Option("--out", help="写到哪个文件夹")] = Path("qr"),
    level: Annotated[str, typer.Option(help="只要这一级的单位，all 为全部")] = "grid",
) -> None:
    from bot import printed
    from store import units

    settings = terminal.settings()
    with terminal.reading() as db, db.read() as tx:
        found = [unit for unit in units.load(tx).units.values() if level in ("all", unit.level)]
    if not found:
        terminal.stop(f"没有 {level} 这一级的单位，请先导入：mashang import-registry 文件夹")
    try:
        printed.write_codes(found, settings.base_url, folder)
    except OSError as error:
        terminal.stop(f"写不了 {folder}：{error.strerror}")
    terminal.remind(settings)
    typer.echo(f"{len(found)} 个二维码写在 {folder}，网址以 {settings.base_url}/r/ 开头")


@app.command(help="打印户卡：一个片区各户的卡排成 A4 页（HTML，用浏览器打印或存成 PDF）。")
def cards(
    unit: Annotated[str, typer.Argument(help="单位编号，例如 QH-XF")],
    out: Annotated[Path, typer.Option("--out", help="写到这个文件")] = Path("户卡.html"),
) -> None:
    from bot import printed
    from handlers.cards import PRINT_MAX, faces
    from store import units

    settings = terminal.settings()
    with terminal.reading() as db, db.read() as tx:
        registry = units.load(tx)
        found = registry.by_code.get(unit)
        if found is None:
            terminal.stop(f"没有编号为 {unit} 的单位，请先导入：mashang import-registry 文件夹")
        listed = faces(tx, registry, settings.base_url, found.id)
    if not listed:
        terminal.stop(f"{found.name}还没有积分户。")
    try:
        printed.write_cards(printed.open_private(out), found, listed)
    except OSError as error:
        terminal.stop(f"写不了 {out}：{error.strerror}")
    terminal.remind(settings)
    typer.echo(f"{len(listed)} 张户卡写在 {out}，用浏览器打开，打印成 A4")
    if len(listed) == PRINT_MAX:
        typer.echo(f"一次最多 {PRINT_MAX} 张，其余的请按下级单位分开打印。")


@inbox_app.command("retry", help="再处理一次没能自动处理的消息。")
def inbox_retry() -> None:
    terminal.existing_database()
    done = terminal.write("inbox-retry", {})
    typer.echo(f"处理好 {done['done']} 条，还有 {done['failed']} 条不行。")
    raise typer.Exit(1 if done["failed"] else 0)


@app.command(help="核对积分和库存的全部流水、分录和余额；有一处不对就以 1 结束。")
def reconcile() -> None:
    from rich.console import Console
    from rich.progress import Progress

    from handlers.reconcile import check
    from store import audit

    with terminal.reading() as db, Progress(console=Console(stderr=True)) as bar:
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
        rules = handlers.rules.load(folder or terminal.settings().rules_dir)
    except (ValueError, OSError) as error:
        terminal.stop(f"规则文件有错：{error}")
    typer.echo(
        f"没有问题：{len(rules.reading.categories)} 个类别，{len(rules.intents.wishes)} 种来意，"
        f"{len(rules.answers.blocks)} 条固定回答，{len(rules.notices)} 条通知规则，"
        f"{len(rules.points.rules)} 条积分规则，版本 {rules.revision}"
    )


def main() -> None:
    """Entry of the `mashang` script. It speaks UTF-8 whatever the locale of the machine."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
