"""The rule files: every example comes out where it stands, and a bad file says where it is bad."""

from pathlib import Path

import pytest

from nlp.classify import Guess, Mark, classify, marks
from nlp.rules import load, load_categories
from tests.town_rules import RULES

EXAMPLES = [(category.code, example) for category in RULES.categories for example in category.examples]

SPOKEN = [
    line.split(" ", 1)
    for line in (Path(__file__).parent / "category_sentences.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
ELSEWHERE_MAX = 1  # spoken sentences still sorted elsewhere, marked "~"; may only become fewer

ONE = """
[[category]]
code = "lamp"
name = "路灯"
department = "市政所"
due_hours = 24
keywords = { "路灯" = 3 }
"""
CALM = '[[sign]]\ncall = "119"\nname = "火"\nweight = 3\nwords = ["着火"]\n'


def rules_of(folder: Path, text: str) -> Path:
    file = folder / "categories.toml"
    file.write_text(text)
    return file


def test_what_people_say_is_sorted_right_or_marked() -> None:
    wrong = [
        (code, text)
        for code, text in SPOKEN
        if (classify(text, RULES).category == code.removeprefix("~")) is code.startswith("~")
    ]
    assert wrong == []
    assert sum(code.startswith("~") for code, _ in SPOKEN) <= ELSEWHERE_MAX


@pytest.mark.parametrize(("code", "example"), EXAMPLES)
def test_every_example_comes_out_in_its_own_category(code: str, example: str) -> None:
    guess = classify(example, RULES)
    assert (guess.category, guess.uncertain) == (code, code == "other")


def test_the_default_file_holds_the_22_categories_in_their_order() -> None:
    assert " ".join(category.code for category in RULES.categories) == (
        "dispute public_order fraud fire work_safety disaster traffic facility utilities sanitation "
        "environment noise city_order housing farming labor education health market welfare gov_service other"
    )


def test_every_category_has_a_name_a_department_and_six_examples() -> None:
    poor = [
        each.code
        for each in RULES.categories
        if not (each.name and each.department and len(each.examples) >= 6)
    ]
    assert poor == []


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("facility", "幸福路路面破损，坑坑洼洼"),
        ("traffic", "我们组到村部的路什么时候修，还没硬化"),
        ("traffic", "断头路修了三年还没通车"),
        ("housing", "开发商把小区规划的绿地卖了，业主不同意"),
        ("housing", "物业乱收费，不交钱就不给门禁卡"),
        ("city_order", "一楼业主在小区里违章搭建阳光房"),
        ("education", "舞蹈培训班关门，退费没人理"),
        ("market", "驾校报名后想退费，一直拖着不退"),
        ("market", "健身房突然跑路，会员卡里的钱怎么退"),
        ("labor", "职业学院强制实习，不去就不给毕业证"),
        ("noise", "楼下麻将馆打麻将吵到凌晨两点"),
        ("public_order", "楼下麻将馆聚众赌博，一晚上输赢几万"),
        ("noise", "夜宵摊喝酒吵闹到三点，睡不着"),
        ("environment", "夜宵摊烧烤油烟全飘进家里，油烟扰民"),
        ("traffic", "晚上有人在滨江路飙车炸街"),
        ("environment", "混凝土搅拌站粉尘污染，窗户不敢开"),
        ("noise", "混凝土搅拌站通宵噪音，没法睡"),
        ("housing", "外地户籍在本地限购几套房"),
        ("gov_service", "硕士毕业的人才补贴怎么还没发"),
        ("farming", "修高速征地，耕地的征地补偿款没有到位"),
        ("housing", "老街房屋征收，拆迁补偿标准太低"),
        ("fire", "电动车推上楼充电，飞线充电"),
        ("utilities", "村里停水三天了"),
        ("disaster", "下大雨山体滑坡，后墙裂了"),
        ("labor", "代课老师的工资拖欠四个月，学校和教育局都不管"),
        ("labor", "中学教师评职称为什么一刀切"),
        ("health", "下岗职工在外地打工，新农合住院怎么报销"),
        ("health", "退休职工的独生子女奖励什么时候发"),
        ("work_safety", "小区电梯经常坏，业主找物业和开发商都没用"),
        ("utilities", "小区停水三天，物业推给开发商"),
        ("noise", "水泥厂夜间生产，噪声污染严重"),
        ("market", "乡镇快递点取件每个收两块钱"),
        ("traffic", "班车对一岁的孩子也收全票"),
        ("housing", "农民进城的购房补贴两年了没发"),
        ("disaster", "村里危房补贴到底有没有"),
        ("city_order", "小区门口常年有人摆摊卖水果"),
    ],
)
def test_the_hard_pairs_are_decided_as_the_field_agreed(code: str, text: str) -> None:
    assert classify(text, RULES).category == code


def test_a_case_shows_the_words_that_decided_it(tmp_path: Path) -> None:
    rules = load_categories(
        rules_of(tmp_path, ONE + '[[category]]\ncode = "road"\nkeywords = { "幸福路" = 1, "坏" = 1 }\n')
    )
    assert classify("幸福路的路灯坏了，路灯！", rules) == Guess("lamp", True, 3, ("路灯",), "road", margin=1)
    assert marks("幸福路的路灯坏", rules) == [
        Mark("幸福路", 0, 3, (("road", 1),)),
        Mark("路灯", 4, 6, (("lamp", 3),)),
        Mark("坏", 6, 7, (("road", 1),)),
    ]


def test_a_message_without_any_word_is_other_and_goes_to_a_person() -> None:
    assert classify("呵呵哒", RULES) == Guess("other", True, 0, (), None)


def test_a_foreign_taxonomy_without_other_guesses_its_most_usual_category(tmp_path: Path) -> None:
    text = ONE + '[[category]]\ncode = "城乡建设"\nbias = 2\nkeywords = { "道路" = 3 }\n'
    rules = load_categories(rules_of(tmp_path, text))
    assert classify("你说什么", rules) == Guess("城乡建设", True, 2, (), None, margin=2)
    assert classify("道路", rules) == Guess("城乡建设", False, 5, ("道路",), None, margin=5)
    assert classify("路灯和路灯", rules) == Guess("lamp", True, 3, ("路灯",), None, margin=1)


def test_a_file_with_one_category_has_no_runner_up(tmp_path: Path) -> None:
    assert classify("路灯", load_categories(rules_of(tmp_path, ONE))) == Guess(
        "lamp", False, 3, ("路灯",), None, margin=3
    )


def test_the_longest_word_wins_and_words_that_only_overlap_both_count(tmp_path: Path) -> None:
    keywords = '{ "车位" = 2, "自行车" = 2, "自行车位置" = 7, "位置偏" = 1 }'
    rules = load_categories(rules_of(tmp_path, f'[[category]]\ncode = "a"\nkeywords = {keywords}\n'))
    assert classify("自行车位置偏", rules).words == ("自行车位置", "位置偏")
    assert classify("自行车位", rules).words == ("自行车", "车位")


def test_an_excluded_word_hides_what_lies_inside_it_and_nothing_else(tmp_path: Path) -> None:
    text = (
        '[[category]]\ncode = "a"\nexclude = ["自行车位"]\nkeywords = { "车位" = 2 }\n'
        '[[category]]\ncode = "b"\nkeywords = { "自行车" = 2 }\n[[category]]\ncode = "other"\nkeywords = {}\n'
    )
    rules = load_categories(rules_of(tmp_path, text))
    assert classify("自行车位", rules) == Guess("other", True, 0, (), None)
    assert classify("自行车位旁边的车位", rules) == Guess("a", False, 2, ("车位",), None, margin=2)


def test_a_word_below_zero_speaks_against_its_category(tmp_path: Path) -> None:
    text = ONE + '[[category]]\ncode = "b"\nkeywords = { "路灯" = 4, "公园" = -2 }\n'
    assert classify("公园路灯", load_categories(rules_of(tmp_path, text))) == Guess(
        "lamp", True, 3, ("路灯",), "b", margin=1
    )


def test_words_match_in_either_case_either_width_and_traditional_characters(tmp_path: Path) -> None:
    rules = load_categories(
        rules_of(tmp_path, '[[category]]\ncode = "a"\nkeywords = { "KTV" = 2, "扰民" = 2 }\n')
    )
    assert classify("ｋｔｖ擾民", rules) == Guess("a", False, 4, ("KTV", "扰民"), None, margin=4)


def test_the_revision_changes_with_any_byte_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "urgent.toml").write_text(CALM)
    rules_of(tmp_path, ONE)
    first, again = load(tmp_path).revision, load(tmp_path).revision
    (tmp_path / "urgent.toml").write_text(CALM + "# a remark\n")
    assert (first == again, first == load(tmp_path).revision, len(first)) == (True, False, 12)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (ONE + "colour = 1\n", 'categories.toml: [[category]] 1 "lamp": unknown key "colour"'),
        ("colour = 1\n" + ONE, 'categories.toml: head: unknown key "colour"'),
        (ONE + ONE, 'categories.toml: [[category]] 2 "lamp": this code stands twice'),
        ('[[category]]\nname = "a"\nkeywords = {}\n', 'categories.toml: [[category]] 1: "code" is missing'),
        ('[[category]]\ncode = "a"\n', 'categories.toml: [[category]] 1 "a": "keywords" is missing'),
        (
            '[[category]]\ncode = ""\nkeywords = {}\n',
            '[[category]] 1 "": "code" must be a text and not empty',
        ),
        ("", "categories.toml: there is no [[category]] block"),
        ('[category]\ncode = "a"\n', "categories.toml: write [[category]], not [category]"),
        ("category = [1]\n", "categories.toml: [[category]] 1: is not a block of keys"),
        (ONE.replace("= 3", "= 0"), 'the weight of "路灯" must be a whole number from 1 to 1000, or below 0'),
        (
            ONE.replace("= 3", "= 1.5"),
            'the weight of "路灯" must be a whole number from 1 to 1000, or below 0',
        ),
        (ONE.replace("路灯", " 路灯"), '" 路灯" must have 1 to 32 characters and no space at its ends'),
        (ONE.replace("= 24", "= 0"), '"due_hours" must be a whole number from 1 to 10000'),
        (ONE.replace("= 24", "= true"), '"due_hours" must be a whole number from 1 to 10000'),
        (ONE + 'exclude = ["路灯"]\n', '"路灯" is both a keyword and excluded'),
        (ONE + 'exclude = ["灯", "灯"]\n', '"exclude" holds a word twice'),
        (ONE + 'examples = "路灯"\n', '"examples" must be a list of texts, none of them empty'),
        (ONE.replace('{ "路灯" = 3 }', '["路灯"]'), '"keywords" must be a table of word = weight'),
        (ONE.replace('"lamp"', "lamp"), "categories.toml: "),
    ],
)
def test_a_bad_rule_file_names_file_block_and_reason(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError) as refused:
        load_categories(rules_of(tmp_path, text))
    assert (complaint in str(refused.value), str(refused.value).startswith("categories.toml: ")) == (
        True,
        True,
    )


@pytest.mark.parametrize(
    ("urgent", "complaint"),
    [
        (
            '[[sign]]\ncall = "911"\nname = "火"\nweight = 3\n',
            '[[sign]] 1 "911": "call" must be one of 119, 110, 120',
        ),
        ('[[sign]]\ncall = "119"\nweight = 3\n', '[[sign]] 1 "119": "name" is missing'),
        (CALM + 'together = ["楼"]\n', '"together" must be a list of lists ["<a list>", "this|or this"]'),
        (CALM + 'together = [["楼|", "塌"]]\n', '"" must have 1 to 32 characters and no space at its ends'),
        (CALM + 'together = [["<人>"]]\n', 'there is no list "<人>"'),
        (CALM + "[back]\nquiet = []\n", '[back]: unknown key "quiet"'),
        ("[back]\n", 'head: "sign" is missing'),
    ],
)
def test_a_bad_urgent_file_names_file_block_and_reason(tmp_path: Path, urgent: str, complaint: str) -> None:
    rules_of(tmp_path, ONE)
    (tmp_path / "urgent.toml").write_text(urgent)
    with pytest.raises(ValueError) as refused:
        load(tmp_path)
    assert str(refused.value).removeprefix("urgent.toml: ").endswith(complaint)


def test_a_county_needs_both_files_and_for_each_category_who_handles_it_by_when(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^categories.toml: cannot be read: No such file or directory$"):
        load(tmp_path)
    rules_of(tmp_path, '[[category]]\ncode = "a"\nkeywords = {}\n')
    (tmp_path / "urgent.toml").write_text(CALM)
    with pytest.raises(
        ValueError, match=r'^categories.toml: \[\[category\]\] 1 "a": "department" is missing$'
    ):
        load(tmp_path)


def test_words_written_in_two_cases_are_one_word(tmp_path: Path) -> None:
    rules = load_categories(
        rules_of(tmp_path, '[[category]]\ncode = "a"\nkeywords = { "KTV" = 2, "ktv" = 2 }\n')
    )
    assert classify("Ktv", rules) == Guess("a", False, 4, ("KTV",), None, margin=4)
