"""申请积分: applied for, checked, approved, public, objected to, posted; who benefits decides nothing."""

import re
from pathlib import Path
from shutil import copytree

import pytest
import sqlalchemy as sa
from httpx import Response

from store import budgets, households
from store.tables import freezes
from tests.conftest import ROOT
from tests.invariants import broken
from tests.test_photos import draw
from tests.town import CAST, DAY, HOUR, MakeTown, Town, person
from tests.web import browser_of, form_of, signed_in

LEAFLETS = "申请积分 昨天在小区门口发反诈传单"
PEACE = "申请积分 调解 昨天劝和了楼上楼下两家人"


def notices(town: Town, fact: str) -> list[str]:
    return [row["text"] for row in town.rows("notices") if row["fact"] == fact]


def last_told(town: Town) -> str:
    return town.told()[-1]


def move_in(town: Town, who: str, with_whom: str) -> None:
    """Let two people be one household from now on."""
    guest, host = person(town, who), person(town, with_whom)

    def move(tx: object) -> None:
        own = households.of(tx, host) or households.open_for(
            tx, host, code=f"CARD{host}", name=with_whom, unit_id=None, now=town.now
        )
        if households.of(tx, guest) is not None:
            households.leave(tx, guest, how="moved", now=town.now)
        households.join(tx, own, guest, now=town.now)

    town.db.write(move)


def approved(town: Town, who: str, text: str) -> int:
    """The number of an application that is public now; the people of 幸福社区 act."""
    told = town.say(who, text)
    number = int(told.split("，")[0].removeprefix("编号 "))
    assert town.say("何春梅", f"初审 {number}") == f"申请 {number} 初审通过，等村(社区)批准。"
    town.say("徐慧敏", f"批准 {number}")
    return number


def test_a_good_deed_is_applied_for_checked_public_and_posted(town: Town) -> None:
    told = town.say("李秀英", LEAFLETS)
    assert told == "编号 1，宣传 5 分（11月22日）。请在 10 分钟内再发一张照片作凭证，就转给网格员。"
    assert town.say("何春梅", "初审 1") == "申请 1 还缺照片，请申请人补发照片后再初审。"
    assert notices(town, "application.applied") == []
    assert town.send_photo("李秀英") == "照片已加到申请 1，已转网格员初审。"
    assert town.send_photo("李秀英", "media-2") == "照片已加到申请 1。"
    assert town.heard("QH-XF") == [
        "【积分申请 1】李＊（幸福社区第二网格）宣传 5 分（11月22日）\n看内容：看申请 1\n"
        "请网格员核实后发：初审 1，或：不通过 1 理由"
    ]
    assert town.say("何春梅", "待办") == "【积分申请待初审】\n1 李＊（幸福社区第二网格）宣传 5 分（11月22日）"
    assert town.say("周建国", "待办") == "没有待办，都处理完了。"
    private = "申请里有个人情况，不在群里显示。请单独发给我：看申请 1"
    assert town.say_in_group("何春梅", "看申请 1") == private
    lines = town.say("何春梅", "看申请 1").splitlines()
    assert lines[:3] == [
        "申请 1：待初审",
        "李秀英（幸福社区第二网格）　宣传 5 分（11月22日）",
        "内容：昨天在小区门口发反诈传单",
    ]
    assert len([line for line in lines if line.startswith("照片：")]) == 2
    assert town.say("何春梅", "初审 1") == "申请 1 初审通过，等村(社区)批准。"
    assert last_told(town) == "积分申请 1，宣传 5 分（11月22日）：初审通过，等村(社区)批准。"
    assert "【积分申请待批准】\n1 李＊（幸福社区第二网格）" in town.say("徐慧敏", "待办")
    until = "11月26日 09:00"
    assert town.say("徐慧敏", "批准 1") == f"申请 1 已批准，公示到 {until}，没有异议就记分。"
    assert town.say("王小满", "公示") == (
        f"【幸福社区积分公示】\n1 李＊ 宣传 5 分（11月22日） 到 {until}\n"
        "有不同意见请发：异议 编号 理由（不公开您的姓名）。\n网页：http://127.0.0.1:8000/g/QH-XF"
    )
    town.later(3 * DAY - 1)
    town.run_jobs()
    assert town.points("李秀英") == 0
    town.later(HOUR)
    for _ in range(3):
        town.run_jobs()
        town.later(HOUR)
    assert town.points("李秀英") == 5
    assert last_told(town) == "积分申请 1，宣传 5 分（11月22日）：公示期满，已记 5 分。现有 5 分。"
    assert town.say("李秀英", "我的申请") == "1 宣传 5 分（11月22日）：已公示入账"
    assert "参加宣传（申请 1），余 5 分" in town.say("李秀英", "明细")
    assert town.say("王小满", "公示").splitlines()[1] == "现在没有公示的积分申请。"
    assert town.say("王小满", "异议 1 没看到") == "没有编号 1 的公示，或者公示已经结束。"
    assert town.say("李秀英", "撤回申请 1") == "申请 1 现在是“已公示入账”，不能这样操作。"
    assert (town.drift(), broken(town.db)) == ([], [])


def test_a_photo_sent_ahead_counts_and_goes_to_no_report(town: Town) -> None:
    town.send_photo("李秀英")
    told = "编号 1，协助巡查 5 分（11月23日）。等网格员初审，每一步都会告诉您。发“我的申请”可看进度。"
    assert town.say("李秀英", "申请积分 今天晚上巡逻两小时") == told
    town.later(60)
    assert town.say("李秀英", "3号楼井盖破了").startswith("收到，编号 1001")
    assert town.send_photo("李秀英", "media-2") == "照片已加到事件 1001。"
    assert "申请 1：待初审" in town.say("何春梅", "看申请 1")
    assert town.say("何春梅", "看申请 1").count("照片：") == 1


def test_who_has_no_phone_is_spoken_for_by_the_grid_worker(town: Town) -> None:
    unknown = (
        "您的辖区里没有登记过张奶奶，请核对姓名。"
        "确实还没有登记的，先发：登记居民 张奶奶 电话（没有就写无电话）"
    )
    for _ in range(2):  # a misspelt name registers nobody
        assert town.say("何春梅", "代申请 张奶奶 助困 昨天给邻居送饭") == unknown
    assert town.say("何春梅", "登记居民 张奶奶 无电话") == "已登记张奶奶，幸福社区第二网格。"
    once = "您的辖区里已经登记过张奶奶。是另一位同名的，请写他的电话。"
    assert town.say("何春梅", "登记居民 张奶奶 没有电话") == once
    assert town.say("李秀英", "登记居民 张奶奶 无电话").startswith("收到，编号 1001")
    assert town.say("何春梅", "登记居民的电话打不通").startswith("收到，编号 1002")
    told = "替张奶奶登记：编号 1，助困 10 分（11月22日）。您已核实，等村(社区)批准。"
    assert town.say("何春梅", "代申请 张奶奶 助困 昨天给邻居送饭") == told
    assert town.say("徐慧敏", "批准 1").startswith("申请 1 已批准")
    again = "替张奶奶登记：编号 2，助困 10 分（11月23日）。您已核实，等村(社区)批准。"
    assert town.say("何春梅", "代申请 张奶奶 今天又去看望邻居，陪护了半天") == again
    town.later(3 * DAY)
    town.run_jobs()
    assert last_told(town) == "积分申请 1，助困 10 分（11月22日）：公示期满，已记 10 分。现有 10 分。"
    assert town.say("何春梅", "我的申请").splitlines()[1] == "1 助困 10 分（11月22日）：已公示入账"
    assert town.say("何春梅", "代申请 李秀英 13800000001 宣传 昨天发了传单").startswith(
        "替李秀英登记：编号 3，宣传 5 分（11月25日）。请在 10 分钟内"
    )
    assert town.send_photo("何春梅") == "照片已加到申请 3，已转村(社区)批准。"
    assert town.say("李秀英", "我的申请") == "3 宣传 5 分（11月25日）：待批准"
    assert town.say("何春梅", "代申请 何春梅 助困 昨天帮邻居买菜").startswith("替何春梅登记：编号 4")
    assert town.say("何春梅", "初审 4") == "这是您自己或您家的申请，要由别人来办。"


def test_nobody_decides_what_benefits_himself_or_his_household_or_twice(town: Town) -> None:
    town.say("何春梅", PEACE)
    assert town.say("何春梅", "初审 1") == "这是您自己或您家的申请，要由别人来办。"
    assert town.say("周建国", "初审 1") == "没有查到您能看的申请 1，请核对编号。"
    assert town.say("徐慧敏", "批准 1") == "申请 1 现在是“待初审”，不能这样操作。"
    assert town.say("徐慧敏", "初审 1") == "申请 1 初审通过，等村(社区)批准。"
    assert town.say("徐慧敏", "批准 1") == "您做过初审，批准要由另一个人来做。"
    assert "积分申请" not in town.say("徐慧敏", "待办")
    assert "【积分申请待批准】" in town.say("顾晓宁", "待办")
    assert town.say("陶春生", "批准 1") == "没有查到您能看的申请 1，请核对编号。"
    move_in(town, "顾晓宁", "何春梅")
    assert town.say("顾晓宁", "批准 1") == "这是您自己或您家的申请，要由别人来办。"
    assert "积分申请" not in town.say("顾晓宁", "待办")
    assert town.say("顾晓宁", "不通过 1 不想给") == "这是您自己或您家的申请，要由别人来办。"
    assert broken(town.db) == []


def test_what_cannot_be_applied_for_is_told_why(town: Town) -> None:
    offer = (
        "可以申请：宣传 5 分（要照片）、调解 15 分、协助巡查 5 分（要照片）、助困 10 分、"
        "志愿服务 10 分（要照片）。\n请这样发：申请积分 宣传 昨天 做了什么"
    )
    for said, told in {
        "申请积分 做了一件好事": f"没看出申请哪一项，请写上项目名。\n{offer}",
        "申请积分 宣传": "请写明做了什么，例如：申请积分 宣传 昨天 在小区门口忙了一下午。",
        "申请积分 调解 10月1日劝和两家人": "只能申请最近 30 天里已经做了的事。",
        "申请积分 调解 11月31日劝和两家人": "没看懂是哪一天，请写成 11月22日 这样。",
        "申请积分 调解 2026-11-24 劝和两家人": "只能申请最近 30 天里已经做了的事。",
        "我的申请": f"您还没有申请过积分。\n{offer}",
        "看申请 7": "没有查到您能看的申请 7，请核对编号。",
    }.items():
        assert town.say("李秀英", said) == told, said
    assert town.say("o-stranger", PEACE) == (
        "公示要用姓名和所在的村(社区)，您还没有登记。请网格员登记后代申请：登记居民 您的姓名 电话。"
    )
    assert town.say("李秀英", PEACE).startswith("编号 1，调解 15 分")
    assert town.say("李秀英", PEACE) == "这件事已经申请过了，编号 1。"
    assert town.say("何春梅", "不通过 1") == "请写明理由，例如：不通过 1 当天没有这项活动。"
    assert town.say("何春梅", "不通过 1 当天没有这件事").endswith("理由会告诉申请人。")
    assert last_told(town) == "积分申请 1，调解 15 分（11月22日）：没有通过。理由：当天没有这件事"
    assert town.say("李秀英", "我的申请") == "1 调解 15 分（11月22日）：未通过"
    assert town.say("李秀英", PEACE).startswith("编号 2")
    assert town.say("王小满", "撤回申请 2") == "没有查到您能看的申请 2，请核对编号。"
    assert town.say("李秀英", "撤回申请 2") == "申请 2 已撤回。"
    assert town.say("何春梅", "初审 2") == "申请 2 现在是“已撤回”，不能这样操作。"
    assert town.say("李秀英", "公示栏坏了没人管").startswith("收到，编号")
    for number in range(10):
        town.say("李秀英", f"申请积分 调解 劝和了第{number}家人的争吵")
    assert town.say("李秀英", PEACE) == "已有 10 件申请没有办完，请等办完再申请。"


def test_an_objection_stops_the_posting_until_the_village_has_looked(town: Town) -> None:
    approved(town, "李秀英", PEACE)
    town.later(DAY)
    assert town.say("王小满", "异议 1") == "请写明理由，例如：异议 1 那天他不在村里。"
    told = "收到您对申请 1 的异议，核实前不记分。您的姓名不公开，结果会告诉您。"
    assert town.say("王小满", "异议 1 那两家还在吵") == told
    assert town.say("王小满", "异议 1 还在吵") == "您的异议已经收到，村(社区)正在核实。"
    assert town.say("李秀英", "异议 1 不要了") == "这是您自己家的申请，不要了请发：撤回申请 1。"
    elsewhere = "这是幸福社区的公示，只有本村(社区)的人能提异议。住在这里的，请先扫网格二维码再提。"
    assert town.say("孙来福", "异议 1 听说不是真的") == elsewhere
    assert "王" not in "".join(notices(town, "application.disputed"))
    assert "王小满 提出异议：那两家还在吵" in town.say("徐慧敏", "看申请 1")
    assert "异议：" not in town.say("李秀英", "看申请 1") + town.say("何春梅", "看申请 1")
    assert "【公示异议待核实】\n1 李＊" in town.say("徐慧敏", "待办")
    assert town.say("王小满", "公示").splitlines()[1] == "1 李＊ 调解 15 分（11月22日） 有异议，核实中"
    town.later(4 * DAY)
    town.run_jobs()
    assert town.points("李秀英") == 0
    assert town.say("徐慧敏", "异议不成立 1") == "请写明核实的结果，例如：异议不成立 1 查了签到表。"
    again = "已记录：异议不成立。申请 1 继续公示到 11月30日 09:00。"
    assert town.say("徐慧敏", "异议不成立 1 问过两家，已经和好") == again
    assert "您对积分申请 1 的异议经核实不成立。理由：问过两家，已经和好" in town.told()
    looked_into = "您对这件申请的异议已经核实过了。有新的情况，请当面告诉村(社区)。"
    assert town.say("王小满", "异议 1 又吵起来了") == looked_into
    assert town.say("顾晓宁", "异议 1 我也不信").startswith("收到您对申请 1 的异议")
    assert town.say("顾晓宁", "异议不成立 1 查过") == "异议是您提的，要由别人来核实。"
    move_in(town, "徐慧敏", "李秀英")
    assert town.say("徐慧敏", "异议不成立 1 查过") == "这是您自己或您家的申请，要由别人来办。"
    move_in(town, "徐慧敏", "赵爱莲")
    assert town.say("徐慧敏", "异议成立 1 两家又吵起来了").startswith("已记录：异议成立。")
    assert town.say("李秀英", "我的申请") == "1 调解 15 分（11月22日）：未通过"
    assert town.say("徐慧敏", "异议成立 1 两家又吵") == "申请 1 现在是“未通过”，不能这样操作。"
    town.later(9 * DAY)
    town.run_jobs()
    assert (town.points("李秀英"), town.drift(), broken(town.db)) == (0, [], [])


def test_caps_and_what_waits_are_told_as_they_are(make_town: MakeTown, tmp_path: Path) -> None:
    rules = copytree(ROOT / "rules", tmp_path / "rules")
    file = rules / "points.toml"
    file.write_text(
        file.read_text(encoding="utf-8")
        .replace("person_day = 45", "person_day = 20")
        .replace("points = 2_000_000", "points = 25", 1),
        encoding="utf-8",
    )
    town = make_town(rules)
    for text in ("劝和了甲家", "劝和了乙家", "劝和了丙家"):
        approved(town, "李秀英", f"申请积分 调解 今天{text}两口子")
    approved(town, "李秀英", "申请积分 助困 昨天给邻居送饭送菜")
    town.later(3 * DAY)
    town.run_jobs()
    assert [one.partition("：")[2] for one in notices(town, "application.posted")] == [
        "公示期满，已记 15 分。现有 15 分。",
        "公示期满，按积分上限记 5 分。现有 20 分。",
        "公示期满，但这段时间的积分已到上限，没有记分。现有 20 分。",
    ]
    waits = "公示期满，但本镇今年的积分预算已用完，积分暂缓发放，可以发放时自动补记。"
    assert [one.partition("：")[2] for one in notices(town, "application.withheld")] == [waits]
    assert town.say("李秀英", "撤回申请 4") == "申请 4 公示期已满，不能撤回了。"
    town.later(DAY)
    town.run_jobs()
    assert len(notices(town, "application.withheld")) == 1

    def freeze(tx: object) -> None:
        [budget] = budgets.lines(tx)
        budgets.grant(tx, budget[0], 0, 100, key="more", reason="追加", now=town.now)
        row = {"household_id": households.of(tx, person(town, "李秀英")), "reason": "查", "by_id": 1}
        tx.execute(sa.insert(freezes), {**row, "at": town.now})

    town.db.write(freeze)
    town.later(DAY)
    town.run_jobs()
    assert town.points("李秀英") == 20
    town.db.write(lambda tx: tx.execute(sa.update(freezes).values(lifted_at=town.now, lifted_by=1)))
    for _ in range(3):
        town.later(HOUR)
        town.run_jobs()
    assert last_told(town) == "积分申请 4，助困 10 分（11月22日）：公示期满，已记 10 分。现有 30 分。"
    assert (town.points("李秀英"), town.drift(), broken(town.db)) == (30, [], [])


@pytest.mark.parametrize("who", ["徐慧敏", "何春梅", "李秀英"])
def test_the_topic_of_help_lists_what_the_speaker_may_say(town: Town, who: str) -> None:
    listed = town.say(who, "帮助 积分申请").splitlines()
    assert listed[0] == "【积分申请】"
    assert ("批准 编号 — 批准积分申请，开始公示" in listed) == (CAST[who].role == "village_staff")
    assert town.say(who, "帮助一下楼上的王奶奶").startswith("收到，编号")


def test_the_page_applies_once_with_photos_and_tells_what_is_missing(town: Town) -> None:
    web = signed_in(town, "李秀英")
    page = web.get("/me/apply")
    fields = {**form_of(page, "/me/apply"), "title": "宣传", "day": "2026-11-22", "text": "在门口发反诈传单"}
    nothing = [("photos", ("", b"", "application/octet-stream"))]

    def told(response: Response) -> tuple[int, str]:
        found = re.search(
            r'role="status">([^<]*)<|<strong>还没有提交成功</strong><span>([^<]*)<', response.text
        )
        assert found is not None, response.text
        return response.status_code, found[1] or found[2]

    lacks = web.post("/me/apply", fields, files=nothing)
    assert told(lacks) == (422, "宣传要照片作凭证，请选一张照片。")
    assert "在门口发反诈传单</textarea>" in lacks.text
    bad = web.post("/me/apply", fields, files=[("photos", ("a.jpg", b"no picture", "image/jpeg"))])
    assert told(bad)[0] == 422
    photo = [("photos", ("a.jpg", draw("JPEG"), "image/jpeg"))]
    done = (200, "编号 1，宣传 5 分（11月22日）。等网格员初审。")
    assert told(web.post("/me/apply", fields, files=photo)) == done
    assert told(web.post("/me/apply", fields, files=photo)) == done
    old = {**fields, "title": "调解", "day": "2026-01-02"}
    late = (422, "只能申请最近 30 天里已经做了的事。")
    assert told(web.post("/me/apply", old, files=nothing)) == late
    assert told(web.post("/me/apply", {**fields, "title": "别的"}, files=nothing)) == (422, "请选一个项目。")
    assert web.post("/me/apply", {**fields, "form_token": "x"}, files=photo).status_code == 403
    assert "<b>1</b><span>宣传 5 分（11月22日）<small>待初审</small>" in web.get("/me/apply").text
    assert town.heard("QH-XF")[0].startswith("【积分申请 1】李＊")
    assert town.say("何春梅", "初审 1") == "申请 1 初审通过，等村(社区)批准。"
    assert browser_of(town).get("/me/apply").status_code == 401
