"""问卷: asked by staff, answered once a person, counted without names; points for an answer, once."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from handlers.ctx import Refused
from handlers.survey_answer import answers
from handlers.survey_text import read, shown
from store.surveys import GRADES, Question, Survey
from tests.town import DAY, HOUR, NOW, Town, person
from tests.web import browser_of, signed_in

WRITTEN = (
    "发起问卷 标题：反诈宣传 截止：11月30日\n问题1：您知道96110吗？ A知道 B不知道\n"
    "问题2：您对宣传满意吗？ 满意度\n问题3：您有什么建议？ 文字"
)
LINES = [
    "1. 您知道96110吗？ A 知道 B 不知道",
    "2. 您对宣传满意吗？（1 到 5 分，5 最满意）",
    "3. 您有什么建议？（写在最后，可以不写）",
]
THANKS = "问卷 1 收到了，谢谢您！得 2 分。"
TWICE = "问卷 1 您已经答过了，每人一次。回答和姓名分开保存，查不出哪一份是谁答的，所以也不能改。"


def rows(town: Town, query: str) -> list[tuple[Any, ...]]:
    with town.db.read() as tx:
        return [tuple(row) for row in tx.execute(sa.text(query))]


def asked(town: Town, who: str = "徐慧敏", written: str = WRITTEN) -> None:
    town.say(who, written)
    assert " 已发出，通知了 " in town.say(who, "确认问卷")


def answered(town: Town, *said: str) -> None:
    """People of 幸福社区 answer survey 1, one each."""
    people = ("李秀英", "王小满", "周建国", "何春梅", "高志远", "林小芸", "夏知秋")
    for who, answer in zip(people, said, strict=False):
        assert town.say(who, f"问卷 1 {answer}") == THANKS, who


def adds_up(town: Town) -> None:
    """Each question with choices was counted once for each who answered, and the books hold."""
    sums = rows(
        town,
        "SELECT c.survey_id, c.question FROM survey_counts c GROUP BY c.survey_id, c.question "
        "HAVING SUM(c.times) <> (SELECT COUNT(*) FROM respondents r WHERE r.survey_id = c.survey_id)",
    )
    assert (sums, town.drift()) == ([], [])


def test_a_clerk_asks_people_answer_and_the_results_are_numbers(town: Town) -> None:
    assert town.say("徐慧敏", WRITTEN).splitlines() == [
        "【问卷预览】反诈宣传",
        "发给：幸福社区；11月30日截止；每人一次，答完得 2 分",
        *LINES,
        "发出请发：确认问卷。要改就重新发起。",
    ]
    assert town.say("李秀英", "问卷 1 A 5") == "没有编号为 1 的问卷。发“问卷”看有哪些。"
    assert town.heard("QH-XF") == []
    assert town.say("徐慧敏", "确认问卷") == (
        "问卷 1 已发出，通知了 1 个群。提前结束请发：结束问卷 1；结束以后看结果：问卷结果 1"
    )
    assert town.say("徐慧敏", "确认问卷") == "没有等您确认的问卷，请先发：发起问卷。"
    assert town.heard("QH-XF") == [
        "【问卷 1】反诈宣传\n3 个问题，11月30日截止，每人一次，答完得 2 分。\n请单独给我发：问卷 1\n"
        "回答和姓名分开保存，查不出是谁答的。"
    ]
    assert town.say("李秀英", "问卷") == "问卷 1 反诈宣传（11月30日截止）\n看题目请发：问卷 编号"
    assert town.say("李秀英", "问卷1").splitlines() == [
        "【问卷 1】反诈宣传（11月30日截止，每人一次，答完得 2 分）",
        *LINES,
        "请单独发给我：问卷 1 A 5 想说的话",
        "回答和姓名分开保存，查不出哪一份是谁答的。也可以在网页上答：问卷 1 网页",
    ]
    answered(
        town, "A 5 宣传很好，电话13800001234", "A知道 满意", "b 很不满意", "1A 4 多办几场", "知道，4分", "A5"
    )
    assert town.say("李秀英", "问卷 1 B 1") == TWICE
    assert town.say("李秀英", "问卷 1 也许吧") == TWICE, "told so whatever is written now"
    assert town.say("李秀英", "问卷") == "现在没有要答的问卷。"
    assert (town.points("李秀英"), town.points("周建国")) == (2, 2)
    assert town.say("李秀英", "明细").endswith("+2 分 回答问卷（问卷 1），余 2 分")
    early = "问卷 1 11月30日截止，现在 6 人回答。结束以后才显示结果，免得看出是谁答的；提前结束：结束问卷 1"
    assert town.say("徐慧敏", "问卷结果 1") == early
    assert town.say("徐慧敏", "结束问卷 1") == "问卷 1 已结束，6 人回答。看结果：问卷结果 1"
    assert town.say("徐慧敏", "结束问卷 1") == "问卷 1 已经结束了。看结果：问卷结果 1"
    assert town.say("夏知秋", "问卷 1 A 5") == "问卷 1 已经结束了，谢谢您。"
    assert town.say("徐慧敏", "问卷结果 1").splitlines() == [
        "【问卷结果 1】反诈宣传",
        "6 人回答",
        "1. 您知道96110吗？ 知晓率 83.3%",
        "A 知道：5（83.3%），B 不知道：1（16.7%）",
        "2. 您对宣传满意吗？ 满意度 83.3%（4、5 分），平均 3.8 分",
        "1 分：1（16.7%），2 分：0（0.0%），3 分：0（0.0%），4 分：3（50.0%），5 分：2（33.3%）",
        "3. 您有什么建议？ 2 条，请发：问卷意见 1",
    ]
    words = town.say("顾晓宁", "问卷意见 1").splitlines()
    assert words[0] == "【问卷意见 1】2 条"
    assert sorted(words[1:]) == ["· 多办几场", "· 宣传很好,电话138****1234"]
    adds_up(town)


def test_nothing_that_is_kept_joins_an_answer_to_a_person(town: Town) -> None:
    asked(town)
    answered(town, "A 5 多点路灯", "B 1 别再打电话")
    who = {(person(town, name),) for name in ("李秀英", "王小满")}
    assert set(rows(town, "SELECT person_id FROM respondents")) == who
    # Neither side has a time, a number that counts up, or anything of the other.
    names = ("respondents", "survey_counts", "survey_words")
    with town.db.read() as tx:
        heads = {name: set(tx.execute(sa.text(f"SELECT * FROM {name}")).keys()) for name in names}
    assert heads == {
        "respondents": {"person_id", "survey_id"},
        "survey_counts": {"choice", "question", "survey_id", "times"},
        "survey_words": {"id", "survey_id", "text"},
    }
    # Nor do kept replies, notices and movements repeat what was said.
    kept = repr([rows(town, f"SELECT * FROM {name}") for name in ("inbox", "outbox", "xfer", "looks")])
    assert [said for said in ("路灯", "打电话", "A 5", "B 1") if said in kept] == []


def test_fewer_than_five_answers_are_not_shown(town: Town) -> None:
    asked(town)
    answered(town, *["A 5"] * 4)
    town.say("徐慧敏", "结束问卷 1")
    few = "问卷 1 只有 4 人回答，不满 5 人不显示，免得看出是谁答的。"
    assert town.say("徐慧敏", "问卷结果 1") == town.say("徐慧敏", "问卷意见 1") == few


def test_only_people_of_the_area_answer_and_only_its_staff_see_it(town: Town) -> None:
    asked(town)
    outside = "问卷 1 只给幸福社区的人答。您住在那里的话，请先扫一下网格的二维码，再答一次。"
    assert town.say("陈桂芳", "问卷 1 A 5") == town.say("o-stranger", "问卷 1") == outside
    town.scan("o-stranger", "QH-XF-3")
    assert town.say("o-stranger", "问卷 1 A 5") == THANKS
    town.later(DAY + 1)
    assert town.say("o-stranger", "问卷 1 A 5") == outside
    assert town.say_in_group("何春梅", "问卷 1 A 5") == "回答请单独发给我：在群里大家都看得见。"
    assert town.say("马河生", "问卷结果 1") == "您的辖区里没有编号为 1 的问卷。"
    assert town.say("马河生", "结束问卷 1") == "您的辖区里没有编号为 1 的问卷。"
    for who in ("李秀英", "何春梅"):
        assert "编号 10" in town.say(who, WRITTEN)
        assert "编号 10" in town.say(who, "问卷结果 1")
    assert town.say("李秀英", "问卷 7") == "没有编号为 7 的问卷。发“问卷”看有哪些。"
    assert "编号 10" in town.say("李秀英", "问卷太多了，没人管")
    # A town asks its whole town: its group, and those of its villages.
    asked(town, "顾晓宁")
    assert [
        unit
        for unit in ("AH-QH", "QH-HJ", "QH-TH", "AH-LW")
        if town.heard(unit) and "【问卷 2】" in town.heard(unit)[-1]
    ] == [
        "AH-QH",
        "QH-HJ",
        "QH-TH",
    ]
    assert town.say("陈桂芳", "问卷 2 B 3 没意见") == "问卷 2 收到了，谢谢您！得 2 分。"
    adds_up(town)


def test_the_last_day_ends_at_midnight_and_the_author_is_told(town: Town) -> None:
    asked(town)
    answered(town, *["A 5"] * 5)
    town.later(7 * DAY + 15 * HOUR - 1)
    assert town.say("林小芸", "问卷 1 A 5 最后一刻") == THANKS
    assert town.run_jobs().count("survey_new.end_overdue") == 1
    assert town.told() == []
    town.later(1)
    assert town.say("夏知秋", "问卷 1 A 5") == "问卷 1 已经结束了，谢谢您。"
    assert "6 人回答" in town.say("徐慧敏", "问卷结果 1")
    assert "survey_new.end_overdue" in town.run_jobs()
    assert town.told() == ["问卷 1（反诈宣传）已截止，6 人回答。看结果请发：问卷结果 1"]
    assert rows(town, "SELECT state FROM surveys") == [("closed",)]


def test_a_draft_gives_way_to_the_next_one_and_grows_old(town: Town) -> None:
    town.say("徐慧敏", WRITTEN)
    town.say("徐慧敏", WRITTEN.replace("反诈宣传", "垃圾分类"))
    town.say("马河生", WRITTEN)
    town.say("徐慧敏", "确认问卷")
    assert rows(town, "SELECT title, state FROM surveys ORDER BY id") == [
        ("反诈宣传", "dropped"),
        ("垃圾分类", "open"),
        ("反诈宣传", "draft"),
    ]
    town.later(8 * DAY)
    assert town.say("马河生", "确认问卷") == "这份问卷的截止日期（11月30日）已经过了，请重新发起。"


def test_one_person_twice_at_once_is_one_answer_and_a_day_s_points_are_capped(town: Town) -> None:
    asked(town)
    said: list[str] = []
    both = [
        threading.Thread(target=lambda: said.append(town.say("李秀英", "问卷 1 A 5 好"))) for _ in range(4)
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(said) == sorted([THANKS, TWICE, TWICE, TWICE])
    assert (rows(town, "SELECT SUM(times) FROM survey_counts"), town.points("李秀英")) == ([(2,)], 2)
    for _ in range(2):
        asked(town, written=WRITTEN)
    assert town.say("李秀英", "问卷 2 A 5") == "问卷 2 收到了，谢谢您！得 2 分。"
    assert town.say("李秀英", "问卷 3 A 5") == "问卷 3 收到了，谢谢您！"
    assert town.points("李秀英") == 4
    adds_up(town)


def test_answered_on_the_page_as_in_chat(town: Town) -> None:
    asked(town)
    assert browser_of(town).get("/q/1").status_code == 401
    web = signed_in(town, "李秀英", "问卷 1 网页")
    page = web.get("/q/1")
    assert "您知道96110吗？" in page.text and "答完得 2 分" in page.text
    assert 'href="/q/1"' in web.get("/me").text
    assert web.send(page, "/q/1", q1="0").status_code == 422
    assert web.post("/q/1", {"q1": "0", "q2": "4"}).status_code == 403
    done = web.send(page, "/q/1", q1="0", q2="4", words="<b>好</b>，电话13800001234")
    assert (done.status_code, THANKS in done.text) == (200, True)
    again = web.send(page, "/q/1", q1="1", q2="0", words="")
    assert (again.status_code, TWICE in again.text) == (422, True)
    assert "您已经答过了，谢谢您。" in web.get("/q/1").text
    assert [web.get(f"/q/{number}").status_code for number in ("2", "9" * 25, "x")] == [422] * 3
    assert 'href="/q/1"' not in web.get("/me").text
    assert rows(town, "SELECT text FROM survey_words") == [("<b>好</b>，电话138****1234",)]
    assert town.say("李秀英", "问卷 1 A 5") == TWICE
    assert town.points("李秀英") == 2
    other = signed_in(town, "陈桂芳")
    assert other.get("/q/1").status_code == 422
    assert other.get("/q/9").status_code == 422
    town.say("徐慧敏", "结束问卷 1")
    assert "已经结束了" in signed_in(town, "王小满", "我的主页").get("/q/1").text
    adds_up(town)


def test_the_database_counts_a_person_once(town: Town) -> None:
    asked(town)
    answered(town, "A 5")
    with pytest.raises(sa.exc.IntegrityError):
        town.db.write(
            lambda tx: tx.execute(sa.text("INSERT INTO respondents SELECT * FROM respondents")) and None
        )
    draft = sa.text(
        "INSERT INTO surveys (unit_id, author_id, title, last_day, questions, made_at) "
        "VALUES (1, 1, '', '', '[]', 1)"
    )
    town.db.write(lambda tx: tx.execute(draft) and None)
    with pytest.raises(sa.exc.IntegrityError):
        town.db.write(lambda tx: tx.execute(draft) and None)


# --- what clerks and residents write, without a database


YES_NO = Question("您知道96110吗？", "choice", ("知道", "不知道"))
GRADE = Question("您对宣传满意吗？", "grade", GRADES)
WORDS = Question("您有什么建议？", "words")
SURVEY = Survey(3, 1, 1, "反诈宣传", "2026-11-30", "open", (YES_NO, GRADE, WORDS))


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN.removeprefix("发起问卷"),
        "标题:反诈宣传,截止:30日。问题一、您知道96110吗？A、知道 B、不知道 "
        "问题二:您对宣传满意吗？(1-5分) 问题三:您有什么建议？(文字)",
        "反诈宣传\n截止 2026-11-30\n1、您知道96110吗？\nA. 知道\nB. 不知道\n"
        "2、您对宣传满意吗？评分\n3、您有什么建议？ 填空",
        "标题：反诈宣传 题目1：您知道96110吗？Ａ知道，Ｂ不知道；"
        "题目2：您对宣传满意吗？满意度 题目3：您有什么建议？ 意见",
    ],
)
def test_however_a_clerk_writes_it(text: str) -> None:
    assert read(text, NOW) == ("反诈宣传", "2026-11-30", (YES_NO, GRADE, WORDS))


def test_what_the_survey_looks_like() -> None:
    assert shown(SURVEY.questions) == LINES
    kept = read("问卷标题 问题1：您对网格员的满意度", NOW)[2]
    assert kept == (Question("您对网格员的满意度", "grade", GRADES),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("标题：反诈宣传", "没有看到问题。"),
        ("问题1：知道吗 A知道 B不知道", "标题请写 2 到 40 个字。"),
        ("标题：反诈 问题1：知道吗", "问题 1 怎么回答没看懂"),
        ("标题：反诈 问题1：知道吗 A知道", "问题 1 的选项请写 2 到 6 个"),
        ("标题：反诈 问题1：知道吗 A知道 B知道", "问题 1 的选项请写 2 到 6 个"),
        ("标题：反诈 问题1：A知道 B不知道", "问题 1 请写 2 到 80 个字。"),
        ("标题：反诈 问题1：想法？ 文字 问题2：好吗？ 满意度", "写文字的问题请放在最后"),
        ("标题：反诈 截止：明年 问题1：好吗？ 满意度", "截止日期没看懂"),
        ("标题：反诈 截止：昨天 问题1：好吗？ 满意度", "截止日期没看懂"),
        ("标题：反诈 截止：2027-11-30 问题1：好吗？ 满意度", "截止日期没看懂"),
        (
            "标题：反诈" + "".join(f" 问题{n}：好吗？ 满意度" for n in range(1, 7)),
            "一份问卷最多 5 个问题，这里有 6 个。",
        ),
    ],
)
def test_what_is_wrong_with_it_is_said(text: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text, NOW)
    assert str(refused.value).startswith(why)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" A 5 很好", ([0, 4, None], "很好")),
        ("a5", ([0, 4, None], "")),
        ("Ｂ，４分，还行", ([1, 3, None], "还行")),
        ("1A 2、3 多宣传", ([0, 2, None], "多宣传")),
        ("A知道 非常满意 没有", ([0, 4, None], "没有")),
        ("不知道 不满意", ([1, 1, None], "")),
        ("知道\n一般\n5 点以后再来", ([0, 2, None], "5 点以后再来")),
    ],
)
def test_however_people_answer(text: str, found: tuple[list[int | None], str]) -> None:
    assert answers(SURVEY, text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" C 5", "第 1 题的回答没看懂。请这样回答：问卷 3 A 5 想说的话"),
        (" A", "第 2 题的回答没看懂。请这样回答：问卷 3 A 5 想说的话"),
        (" A 9", "第 2 题的回答没看懂。请这样回答：问卷 3 A 5 想说的话"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(text: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        answers(SURVEY, text)
    assert str(refused.value) == why


def test_more_than_was_asked_is_refused() -> None:
    short = Survey(3, 1, 1, "反诈宣传", "2026-11-30", "open", (YES_NO,))
    assert answers(short, " B。") == ([1], "")
    with pytest.raises(Refused) as refused:
        answers(short, " A 5")
    assert str(refused.value) == "一共 1 题，多出来的“5”没看懂。请这样回答：问卷 3 A"
