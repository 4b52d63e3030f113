"""What the rules may learn from corrections: proposals with their evidence, nothing by itself."""

import csv
import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from bot import suggestions
from nlp.rule_edit import edited
from nlp.rules import Rules, load_categories
from nlp.suggest import Past, Suggestion, suggest
from tests.commands import RULES, run
from tests.town import Town

SOURCE = """\
margin = 2

[[category]]
code = "noise"
[category.keywords]
"太吵" = 8
"音响" = 6 # loud
"充电" = 9

[[category]]
code = "safety"
[category.keywords]
"飞线" = 4
'冒烟' = 8
"""


def load(text: str, folder: Path) -> Rules:
    file = folder / "rules.toml"
    file.write_text(text, encoding="utf-8")
    return load_categories(file)


def test_a_word_to_drop_and_one_to_add_each_with_its_evidence(tmp_path: Path) -> None:
    past = [
        Past(1001, "楼道里给电瓶车充电", "safety", was="noise"),
        Past(1002, "电瓶车推进楼道充电", "safety", was="noise"),
        Past(1003, "音响太吵", "noise"),
        Past(1004, "插座冒烟", "safety"),
        Past(1005, "夜里太吵睡不着", "noise"),
    ]
    found = suggest(past, SOURCE, lambda text: load(text, tmp_path))
    assert [(each.action, each.category, each.word, each.before, each.after) for each in found] == [
        ("add", "safety", "充电", 0, 11),
        ("add", "safety", "楼道", 0, 11),
        ("add", "safety", "电瓶车", 0, 11),
    ]
    assert {(each.evidence, each.against, each.mends, each.breaks) for each in found} == {
        ((1001, 1002), (), (1001, 1002), ())
    }
    assert suggest(past, SOURCE, lambda text: load(text, tmp_path)) == found


def test_a_word_too_light_is_weighed_and_one_that_misleads_is_dropped(tmp_path: Path) -> None:
    past = [
        Past(1001, "飞线充电", "safety", was="noise"),
        Past(1002, "充电飞线", "safety", was="noise"),
        Past(1003, "太吵", "noise"),
    ]
    found = {
        (each.action, each.category, each.word): each
        for each in suggest(past, SOURCE, lambda text: load(text, tmp_path))
    }
    assert found["drop", "noise", "充电"].mends == (1001, 1002)
    assert found["weigh", "safety", "飞线"].after == 4 + 9 - 4 + 2


def test_one_correction_proposes_nothing_and_neither_does_what_would_break_more(tmp_path: Path) -> None:
    one = [Past(1001, "楼道里给电瓶车充电", "safety", was="noise")]
    assert suggest(one, SOURCE, lambda text: load(text, tmp_path)) == []
    spoken = [Past(number, "音响太吵", "noise") for number in range(1010, 1015)]
    against = [*one, Past(1002, "音响充电", "safety", was="noise"), *spoken]
    assert "音响" not in {each.word for each in suggest(against, SOURCE, lambda text: load(text, tmp_path))}


def change(category: str, word: str, after: int) -> Suggestion:
    return Suggestion("weigh", category, word, 0, after, (), (), (), ())


def test_a_rule_file_is_changed_as_a_person_would() -> None:
    after = edited(
        SOURCE,
        [
            change("noise", "音响", 3),
            change("noise", "充电", 0),
            change("safety", "冒烟", 9),
            change("safety", "楼道", 5),
        ],
    )
    assert after == (
        SOURCE.replace('"音响" = 6 # loud', '"音响" = 3 # loud')
        .replace('"充电" = 9\n', "")
        .replace("'冒烟' = 8", '"冒烟" = 9')
        .replace('"飞线" = 4', '"楼道" = 5\n"飞线" = 4')
    )
    with pytest.raises(ValueError, match="there is no category nothing"):
        edited(SOURCE, [change("nothing", "词", 1)])
    with pytest.raises(ValueError, match="do not stand in lines"):
        edited('[[category]]\ncode = "a"\nkeywords = { "词" = 1 }\n', [change("a", "词", 2)])


def test_from_corrections_in_chat_to_a_file_to_compare(
    town: Town, county_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text in ("幸福社区楼下甩干机夜里响，电话13800000001", "幸福社区甩干机又响一夜"):
        town.say("o-stranger", text)
    town.say("李秀英", "井盖破了")
    town.say("何春梅", "签收 1003")
    known = {town.case(number)["category"] for number in (1001, 1002)} | {"other"}
    target = next(code for code in town.house.county.rules.reading.by_code if code not in known)
    for number in (1001, 1002):
        assert town.say("顾晓宁", f"改类 {number} {target}").startswith(f"事件 {number} 已改为")
    rules = town.house.settings.rules_dir / "categories.toml"
    found = suggestions.find(county_url, rules, "")
    assert (found.corrected, found.confirmed) == (2, 1)
    words = {each.word: each for each in found.list}
    assert words["甩干机"].evidence in ((1001, 1002), (1002, 1001))
    assert "13800000001" not in "".join(found.texts.values())
    suggestions.show(found)
    assert "规则没有改动" in capsys.readouterr().out
    proposed = tmp_path / "proposed.toml"
    proposed.write_text(suggestions.applied(rules, found), encoding="utf-8")
    assert "甩干机" in "".join(load_categories(proposed).spelling)
    assert suggestions.find(county_url, rules, "2030-01-01").list == []
    with pytest.raises(ValueError, match="2026-11-01"):
        suggestions.find(county_url, rules, "yesterday")


def test_the_command_says_that_there_is_nothing_yet(tmp_path: Path) -> None:
    assert run("migrate", cwd=tmp_path).status == 0
    asked = run("rules", "suggest", cwd=tmp_path)
    assert asked.out == (
        "改类 0 件，类别没有异议的 0 件。规则没有改动。\n没有建议：同样的改类至少要有两件。\n"
    ), asked.err
    assert json.loads(run("rules", "suggest", "--json", cwd=tmp_path).out) == []
    assert run("rules", "suggest", "--since", "昨天", cwd=tmp_path, env=RULES).status == 2


def test_past_orders_may_be_an_excel_workbook(tmp_path: Path) -> None:
    rows = [["title", "label"], ["路灯不亮", "facility"], ["广场舞太吵", "noise"], ["没有类别的", None]]
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "orders.xlsx")
    with (tmp_path / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    judged = [run("rules", "eval", f"orders.{kind}", cwd=tmp_path) for kind in ("xlsx", "csv")]
    assert judged[0] == judged[1]
    assert judged[0].out.splitlines()[-1].startswith("macro-F1 1.0000"), judged[0].out
    (tmp_path / "broken.xlsx").write_bytes(b"no workbook")
    refused = run("rules", "eval", "broken.xlsx", cwd=tmp_path)
    assert (refused.status, refused.err) == (
        2,
        "读不了 broken.xlsx：broken.xlsx 不是 Excel 的 .xlsx 文件\n",
    )
