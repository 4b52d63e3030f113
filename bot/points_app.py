"""`mashang points budgets, grant, batch, statements`, as a terminal speaks of them."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import terminal

app = typer.Typer(help="积分：预算、月底批量、对账单。", no_args_is_help=True)


@app.command("budgets", help="各镇各年的积分预算和余额。")
def points_budgets() -> None:
    from bot.points_commands import budget_rows

    with terminal.reading() as db:
        rows = budget_rows(db)
    typer.echo("\n".join(rows) or "还没有预算：第一次有人得积分时按 rules/points.toml 开立。")


@app.command("grant", help="给一笔预算追加积分；同一文号只追加一次。")
def points_grant(
    number: Annotated[int, typer.Argument(help="预算编号，见 mashang points budgets")],
    points: Annotated[int, typer.Argument(help="追加多少分", min=1)],
    key: Annotated[str, typer.Option("--key", help="文号或依据")],
) -> None:
    terminal.existing_database()
    done = terminal.write("points-grant", {"number": number, "points": points, "key": key})
    if "error" in done:
        terminal.stop(done["error"])
    typer.echo(f"预算 {number} 现余 {done['left']} 分。")


@app.command(
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
            with terminal.reading() as db:
                count = batch_command.write_sample(file, db, unit)
            typer.echo(f"样表写在 {file}，{count} 户。填好分数再运行，没写分数的行不算。")
            return
        rows, notes = batch_command.read(file)
        for note in notes:
            typer.echo(f"提醒：{note}", err=True)
        rules_dir = terminal.settings().rules_dir
        with terminal.reading() as db:
            seen = batch_command.preview(db, rules_dir, rule, month, rows, by if propose else "")
    except ValueError as error:
        terminal.stop(str(error))
    batch_command.write(seen, sys.stdout)
    if seen.errors:
        for line in seen.errors:
            typer.echo(line, err=True)
        terminal.stop(f"共 {len(seen.errors)} 处不对，什么都没有提交。")
    if not propose:
        typer.echo("没有错。要提交就加上 --propose --by 姓名。")
        return
    done = terminal.write("points-batch", {"rule": rule, "month": month, "rows": rows, "by": by})
    if done["errors"]:
        terminal.stop("\n".join(done["errors"]))
    typer.echo(f"已提交，批次 {done['number']}。请另一个人在公众号里发：批准批次 {done['number']}")


@app.command("statements", help="导出一个月的积分对账单（每户一行），.xlsx 或 .csv。")
def points_statements(
    month: Annotated[str, typer.Option("--month", help="月份，例如 2026-11")],
    out: Annotated[Path | None, typer.Option("--out", help="写到这个文件；不给就写标准输出（csv）")] = None,
) -> None:
    import re

    from bot import statement_sheet

    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        terminal.stop(f"没有 {month} 这个月份，请写成 2026-11")
    if out is not None and out.suffix not in statement_sheet.FORMATS:
        terminal.stop(f"文件名请以 {' 或 '.join(statement_sheet.FORMATS)} 结尾")
    with terminal.reading() as db:
        try:
            count = statement_sheet.write(db, month, out)
        except OSError as error:
            terminal.stop(f"写不了 {out}：{error.strerror}")
    if not count:
        terminal.stop(f"{month} 还没有对账单：月底过后由运行中的服务生成。")
    if out is not None:
        typer.echo(f"{count} 户的对账单写在 {out}")
