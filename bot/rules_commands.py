"""`mashang rules learn, eval, try, diff, suggest, stats`: make keyword files from past work, judge them."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot import past_orders, terminal
from bot.terminal import CATEGORIES

if TYPE_CHECKING:
    from rich.progress import Progress

    from nlp.evaluate import Report

app = typer.Typer(help="规则文件。", no_args_is_help=True)
STEPS = {"read": "读文本", "trial": "试学", "learn": "学习"}
CANNOT = {  # the reasons of `nlp.learn`
    "there must be at least two different labels": "至少要有两个不同的类别",
    "a label needs two texts on average": "平均一个类别不到两条文本，类别那一列选对了吗？",
    "no word stands in enough texts": "没有一个词出现在足够多的文本里，文本太少了",
}
FileArgument = Annotated[Path, typer.Argument(help="CSV 或 Excel（.xlsx）文件，有表头")]
TextOption = Annotated[str, typer.Option(help="哪几列是文本，用逗号分开，例如 title,detail")]
LabelOption = Annotated[str, typer.Option(help="哪一列是类别")]
RulesOption = Annotated[Path, typer.Option("--rules", help="规则文件")]


@app.command(help="从办过的工单学出一个关键词规则文件；谁都能看懂、能改。")
def learn(
    file: FileArgument,
    out: Annotated[Path, typer.Option("--out", help="写到哪个文件")],
    text: TextOption = "title,detail",
    label: LabelOption = "label",
    max_words: Annotated[int, typer.Option(help="最多多少个词", min=10)] = 3000,
    parts: Annotated[float, typer.Option(help="其中词的片段最多占多少", min=0, max=1)] = 0.1,
    singles: Annotated[
        float, typer.Option(help="其中单字最多占多少，0 就只有两个字以上的", min=0, max=1)
    ] = 0.05,
    sure: Annotated[float, typer.Option(help="跟得多紧：专门写来学的句子用 1", min=0.01, max=100)] = 0.15,
    texts_min: Annotated[int | None, typer.Option(help="一个词至少在多少条文本里出现过", min=1)] = None,
    least: Annotated[int, typer.Option(help="在各类里分量都比这小的词不要", min=1)] = 1,
) -> None:
    try:
        from nlp.learn import learn as learn_rules
    except ImportError:
        terminal.stop("学习要用 scikit-learn：pip install '.[learn]'，或 make install")
    columns, labels = _read(file, text, label)
    try:
        with _progress() as bar:
            task = bar.add_task("学习", total=1.0)
            learned = learn_rules(
                columns,
                labels,
                max_words=max_words,
                parts=parts,
                singles=singles,
                sure=sure,
                texts_min=texts_min,
                least=least,
                on_progress=lambda step, share: bar.update(
                    task, completed=share, description=STEPS.get(step, step)
                ),
            )
    except ValueError as error:
        terminal.stop(f"学不了：{CANNOT.get(str(error), error)}")
    learned.write(out)
    for name, report in zip((text.partition(",")[0], text), learned.held_out, strict=False):
        _show(f"留出的五分之一，{name}", report)
    typer.echo(f"规则写在 {out}")


@app.command("eval", help="用有类别的文本给规则文件打分。")
def evaluate(
    file: FileArgument,
    rules: RulesOption = CATEGORIES,
    text: TextOption = "title",
    label: LabelOption = "label",
    mistakes: Annotated[Path | None, typer.Option(help="分错的写到这个 CSV 文件")] = None,
) -> None:
    from nlp.evaluate import evaluate as judge

    loaded = terminal.categories(rules)
    columns, labels = _read(file, text, label)
    texts = _joined(columns)
    with _progress() as bar:
        task = bar.add_task("分类", total=len(texts))
        report = judge(texts, labels, loaded, on_text=lambda: bar.advance(task))
    _show(f"{rules.name}，{text}", report)
    for (was, guess), count in sorted(report.confusion.items(), key=lambda pair: (-pair[1], pair[0])):
        if was != guess:
            typer.echo(f"{was} → {guess}：{count}")
    if mistakes is not None:
        with mistakes.open("w", encoding="utf-8", newline="") as written:
            writer = csv.writer(written)
            writer.writerow(["row", "label", "guess", "words", "text"])
            for wrong in report.mistakes:
                words = " ".join(wrong.guess.words)
                writer.writerow([wrong.row, wrong.label, wrong.guess.category, words, wrong.text])


@app.command("try", help="看一句话会分到哪一类，为什么。")
def explain(text: Annotated[str, typer.Argument(help="一句话")], rules: RulesOption = CATEGORIES) -> None:
    from nlp.classify import classify, marked, marks, path

    loaded = terminal.categories(rules)
    guess = classify(text, loaded)
    typer.echo(marked(text, loaded))
    typer.echo(f"{guess.category}{'（拿不准）' if guess.uncertain else ''}，{guess.score} 分", nl=False)
    typer.echo(f"；其次 {guess.runner_up}" if guess.runner_up else "")
    if levels := path(guess.category, loaded):
        typer.echo("，".join(f"{level} {part}" for level, part in levels))
    for mark in marks(text, loaded):
        weights = "，".join(f"{code} {weight:+d}" for code, weight in mark.weights)
        typer.echo(f"{mark.word}：{weights}")
    _show_alarm(text, rules)


def _show_alarm(text: str, rules: Path) -> None:
    """Why it is an emergency, where the file stands in a town's folder of rules."""
    from nlp.rules import load
    from nlp.urgent import evidence, urgent

    if rules.name != "categories.toml" or not (rules.parent / "urgent.toml").exists():
        return
    try:
        town = load(rules.parent)
    except (ValueError, OSError) as error:
        terminal.stop(f"规则文件有错：{error}")
    if call := urgent(text, town):
        typer.echo(f"紧急，请拨打 {call}")
    for what, weight in evidence(text, town):
        typer.echo(f"{what}：{weight:+d}")


@app.command(help="两个规则文件分得不一样的文本。")
def diff(
    before: Annotated[Path, typer.Argument(help="原来的规则文件")],
    after: Annotated[Path, typer.Argument(help="改过的规则文件")],
    file: FileArgument,
    text: TextOption = "title",
) -> None:
    from nlp.evaluate import diff as compare

    columns, _ = _read(file, text, None)
    changes = compare(terminal.categories(before), terminal.categories(after), _joined(columns))
    for change in changes:
        typer.echo(f"{change.row}：{change.before.category} → {change.after.category}　{change.text[:60]}")
    typer.echo(f"共 {len(changes)} 条不同")


@app.command(help="规则文件有多少词、什么样的权重、多少是完整的词。")
def stats(
    rules: Annotated[Path, typer.Argument(help="规则文件")] = CATEGORIES,
    as_json: Annotated[bool, typer.Option("--json", help="写成 JSON")] = False,
) -> None:
    from dataclasses import asdict

    from nlp.evaluate import stats as count

    found = asdict(count(terminal.categories(rules)))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        typer.echo(f"{name}：{value}")


@app.command(help="从派单员的改类看：哪些词该加、该删、该改权重；只提建议，什么都不改。")
def suggest(
    rules: Annotated[
        Path | None, typer.Option("--rules", help="规则文件，默认镇里在用的", show_default=False)
    ] = None,
    since: Annotated[str, typer.Option(help="从哪天起的改类，例如 2026-11-01；默认全部")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="照建议改好的规则写到这个文件，供比较")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="写成 JSON")] = False,
) -> None:
    from bot import suggestions
    from bot.settings import SettingsError, read

    try:
        settings = read()
        rules = rules or settings.rules_dir / "categories.toml"
        found = suggestions.find(settings.database_url, rules, since)
        if out is not None:
            out.write_text(suggestions.applied(rules, found), encoding="utf-8")
    except (SettingsError, ValueError, OSError) as error:
        terminal.stop(f"提不出建议：{error}")
    if as_json:
        typer.echo(json.dumps([suggestions.as_json(each, found) for each in found.list], ensure_ascii=False))
    else:
        suggestions.show(found)
    if out is not None:
        typer.echo(f"照建议改好的规则写在 {out}；先比较：mashang rules diff {rules} {out} 文件", err=True)


def _read(file: Path, text: str, label: str | None) -> tuple[list[list[str]], list[str]]:
    """The text columns and the labels of a table; rows without a label are left out."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    try:
        columns, lines = past_orders.rows(file)
        wanted = [*names, *([label] if label else [])]
        if missing := [name for name in wanted if name not in columns]:
            terminal.stop(f"{file.name} 没有 {'、'.join(missing)} 这一列，有：{'、'.join(columns)}")
        rows = [row for row in lines if label is None or row.get(label, "").strip()]
    except (OSError, ValueError, csv.Error) as error:
        terminal.stop(f"读不了 {file}：{error}")
    return [[row.get(name, "") for row in rows] for name in names], [
        row[label].strip() for row in rows
    ] if label else []


def _joined(columns: list[list[str]]) -> list[str]:
    return ["\n".join(parts) for parts in zip(*columns, strict=True)]


def _show(title: str, report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{title}：{report.texts} 条")
    for name in ("类别", "条数", "精确率", "召回率", "F1"):
        table.add_column(name, justify="left" if name == "类别" else "right")
    for row in report.categories:
        table.add_row(
            row.code, str(row.texts), *(f"{part:.3f}" for part in (row.precision, row.recall, row.f1))
        )
    Console().print(table)
    typer.echo(
        f"macro-F1 {report.macro_f1:.4f}，正确率 {report.accuracy:.4f}，"
        f"有词命中 {report.coverage:.3f}，拿得准 {report.certain:.3f}"
    )


def _progress() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))
