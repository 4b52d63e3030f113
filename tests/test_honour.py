"""红榜: the first are named, masked; the last never; who does not want to be named is not."""

from tests.test_discipline import books_are_right
from tests.test_expiry import go_to
from tests.test_redeem import earn
from tests.town import Town


def test_the_first_households_of_a_village(town: Town) -> None:
    assert town.say("李秀英", "红榜") == "【红榜】幸福社区 2026年11月：还没有得分的户。"
    earn(town, "李秀英", 3)
    earn(town, "王小满", 2)
    earn(town, "夏知秋", 1)
    earn(town, "赵爱莲", 1, "陶春生")
    head = "【红榜】幸福社区 2026年11月"
    assert town.say("李秀英", "红榜").splitlines() == [
        head,
        "1. 李秀英家 30 分（您家）",
        "2. 王＊家 20 分",
        "3. 夏＊家 10 分",
        "您家得 30 分，第 1 名（只有您看得到）。",
    ]
    assert town.say("徐慧敏", "积分排名 本月").splitlines() == [
        head,
        "1. 李秀英家 30 分",
        "2. 王小满家 20 分",
        "3. 夏知秋家 10 分",
    ]
    # In a group nobody is named in full, and nobody's rank is told.
    assert town.say_in_group("徐慧敏", "红榜").splitlines()[1] == "1. 李＊家 30 分"
    assert town.say("王小满", "不上榜") == "好的，红榜上不再写您家。想上榜请发：上榜"
    assert town.say("王小满", "红榜").splitlines()[1:] == [
        "1. 李＊家 30 分",
        "2. 夏＊家 10 分",
        "您家得 20 分，第 2 名（只有您看得到）。",
    ]
    assert town.say("王小满", "上榜").startswith("好的")
    # What was taken back does not count.
    number = town.say("严守正", "户明细 李秀英").splitlines()[1].split(" ")[0]
    town.say("严守正", f"更正 {number} 重复")
    town.say("严守正", f"更正 {int(number) - 1} 重复")
    assert [line.split("家")[0] for line in town.say("陈桂芳", "红榜 幸福社区").splitlines()[1:3]] == [
        "1. 王＊",
        "2. 李＊",
    ]
    assert town.say("陈桂芳", "红榜 不知道哪里").startswith("收到，编号 ")
    assert town.say("秦颖", "红榜").startswith("请写村(社区)名")
    assert town.say("赵爱莲", "红榜 各村").splitlines() == [
        "【红榜】青河镇各村 2026年11月",
        "1. 幸福社区 户均 0.02 分",
        "2. 桃花村 户均 0.01 分",
    ]
    for word, name in (("上月", "2026年10月"), ("季度", "2026年第4季度"), ("今年", "2026年")):
        assert town.say("李秀英", f"红榜 {word}").startswith(f"【红榜】幸福社区 {name}"), word
    # On the first of the month the village's group reads it, once.
    go_to(town, "2026-12-01")
    assert "honour.post" in town.run_jobs()
    town.later(60)
    assert "honour.post" not in town.run_jobs()
    posted = [text for text in town.heard("QH-XF") if text.startswith("【红榜】")]
    assert posted == [
        "【红榜】幸福社区 2026年11月\n1. 王＊家 20 分\n2. 李＊家 10 分\n3. 夏＊家 10 分\n"
        "谢谢大家！不想上榜可发：不上榜"
    ]
    assert [text for text in town.heard("QH-QS") if "红榜" in text] == []
    books_are_right(town)
