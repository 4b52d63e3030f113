"""`mashang classify, hot`: what the bot reads out of texts."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bot import terminal
from bot.terminal import CATEGORIES

app = typer.Typer()
RulesOption = Annotated[
    Path, typer.Option("--rules", help="分类规则文件，默认 rules/categories.toml", show_default=False)
]


@app.command(help="给文本分类：标准输入一行一条，标准输出一行一个 JSON。不需要任何设置。")
def classify(
    rules: RulesOption = CATEGORIES,
) -> None:
    import json

    from nlp.classify import classify as read

    loaded = terminal.categories(rules)
    # A text ends at a line feed and nowhere else, and bytes that are no text must not end the work.
    sys.stdin.reconfigure(encoding="utf-8-sig", errors="replace", newline="\n")  # type: ignore[union-attr]
    for line in sys.stdin:
        guess = read(line.rstrip("\r\n"), loaded)
        row = {name: getattr(guess, name) for name in ("category", "uncertain", "score", "words")}
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
        sys.stdout.flush()  # whoever asks line by line waits for it


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
    rules: RulesOption = CATEGORIES,
) -> None:
    import time

    from bot import hot_command

    if format not in hot_command.FORMATS:
        terminal.stop(f"没有 {format} 这种格式，可用：{'、'.join(hot_command.FORMATS)}")
    if file is None and since is None:
        terminal.stop("给一个文件，或者用 --since 2026-11-01 看这天以来本县的事件")
    loaded = terminal.categories(rules)
    try:
        begin = hot_command.moment(since) if since else None
        end = hot_command.moment(until, end=True) if until else None
        if begin is not None and end is not None and begin >= end:
            terminal.stop(f"--since {since} 比 --until {until} 晚")
        if file is not None:
            found = hot_command.read_table(file)
            for note in found.notes:
                typer.echo(f"提醒：{note}", err=True)
            reports = found.reports
        else:
            with terminal.reading() as db:
                reports = hot_command.read_cases(db, begin or 0, end or int(time.time()) + 1)
    except (ValueError, OSError) as error:
        terminal.stop(str(error))
    issues = hot_command.find(reports, since=begin, until=end, days=days, rules=loaded)
    hot_command.write(issues[:top], format, loaded, sys.stdout)
