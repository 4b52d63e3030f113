"""A bug of ours loses no message: it is kept, seen by the dispatcher, run again, and answered."""

import pytest

from handlers import report
from handlers.announce import called
from tests.town import Town

APOLOGY = "系统刚才出了点问题，您的消息已经保存，工作人员会处理，请不必重发。"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A handler with a bug; patched because no rule file that passes the checks makes one fail."""

    def fail(*_: object) -> str:
        raise KeyError("category")

    monkeypatch.setattr(report, "called", fail)
    return monkeypatch


def test_a_message_that_meets_a_bug_is_kept_and_answered_with_an_apology(
    town: Town, broken: pytest.MonkeyPatch
) -> None:
    assert town.say("李秀英", "井盖破了，电话13800000001", message_id="same") == APOLOGY
    assert town.say("李秀英", "井盖破了，电话13800000001", message_id="same") == APOLOGY
    assert town.rows("cases") == town.rows("notices") == []
    assert town.say("顾晓宁", "待办") == (
        "【没能自动处理 1 条】请管理员运行 mashang inbox retry\n井盖破了，电话138****0001"
    )
    assert town.say("徐慧敏", "待办") == "没有待办，都处理完了。"


def test_it_runs_again_once_the_bug_is_gone_and_its_writer_gets_the_answer(
    town: Town, broken: pytest.MonkeyPatch
) -> None:
    town.say("李秀英", "井盖破了", message_id="same")
    town.say("李秀英", "路灯坏了")
    town.say_in_group("何春梅", "3号楼井盖破了")
    assert town.house.retry_failed() == {"done": 0, "failed": 3}
    broken.setattr(report, "called", called)
    assert town.house.retry_failed() == {"done": 3, "failed": 0}
    assert town.house.retry_failed() == {"done": 0, "failed": 0}
    answers = [
        f"收到，编号 {number}，类别：市政设施。\n已通知幸福社区第二网格的网格员，11月26日 09:00前答复。\n"
        f"发“查询 {number}”可看进度。"
        for number in sorted(row["number"] for row in town.rows("cases"))
    ]
    assert town.told() == answers[:2]
    assert town.say("李秀英", "井盖破了", message_id="same") == answers[0]
    assert [row["text"] for row in town.rows("cases")] == ["井盖破了", "路灯坏了", "3号楼井盖破了"]
    assert town.say("顾晓宁", "待办") == "待派单 3 件"


def test_a_bug_in_the_second_half_of_a_message_undoes_the_first(
    town: Town, broken: pytest.MonkeyPatch
) -> None:
    """The check-in is undone with the report, and both come back with the retry."""
    assert town.say("何春梅", "今日平安，3号楼井盖破损") == APOLOGY
    assert (town.rows("checkins"), town.points("何春梅")) == ([], 0)
    broken.setattr(report, "called", called)
    town.house.retry_failed()
    assert ([row["name"] for row in town.rows("checkins")], town.points("何春梅")) == (["何春梅"], 3)
    assert town.drift() == []


def test_what_needs_nobody_s_category_goes_on_working(town: Town, broken: pytest.MonkeyPatch) -> None:
    town.say("李秀英", "井盖破了")
    assert town.say("何春梅", "报平安") == "已记录，辛苦了。"
    assert town.say("李秀英", "积分") == "您现有 0 分。"
