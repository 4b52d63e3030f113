"""帮助 lists exactly what the speaker may say."""

import sqlalchemy as sa

from handlers.ctx import ANYBODY, COMMANDS, Command
from store import people
from store.tables import posts
from store.tx import Tx
from tests.town import CAST, Town

HOW = "直接说哪里有什么问题，就能得到编号；也可以发照片和位置。\n"
EVERYBODY = (
    "我的 — 我的任务和我反映的事\n"
    "商品 — 看平安超市能换什么\n"
    "帮助 — 看能说什么\n"
    "分开 — 刚才一次说了几件事，分别登记\n"
    "绑定 邀请码 — 用邀请码绑定身份\n"
    "领取 领取码 — 认领扫码上报的事件和积分\n"
    "积分 — 看自己有多少积分\n"
    "明细 — 看积分从哪来、到哪去\n"
    "查询 编号 — 看事件办到哪一步\n"
    "依据 编号 — 为什么分到这一类\n"
    "兑换 商品 数量 — 用积分换商品，得到取货码\n"
    "上报 内容 — 反映一个问题\n"
    "代报 姓名 电话 内容 — 替没有手机的人反映\n"
    "我的主页 — 在网页上看积分、换商品\n"
    "退出网页 — 手机丢了或不用了，网页全部退出\n"
    "帮助 家庭 — 申诉、我家等\n"
    "帮助 积分申请 — 申请积分、我的申请等\n"
    "帮助 户卡 — 挂失\n"
    "帮助 送货 — 送货上门、取消送货\n"
    "帮助 取货 — 营业时间、取消兑换等\n"
    "帮助 问卷 — 问卷"
)
WORKER = (
    "【网格员】\n"
    "报平安 — 每天报一次，可接着说发现的问题\n"
    "补报 — 补报昨天的平安，记为迟报，今天24点前有效\n"
    "签收 编号 — 接下一件事\n"
    "待办 — 看等我办的事件和积分申请\n"
    "请假 起 止 — 例如：请假 11-24 11-26\n"
    "照发 编号 — 答复不用改，发给上报人\n"
    "办结 编号 说明 — 说明怎么处理的，等核查\n"
    "自办 内容 — 自己发现、已经处理好的事，一步登记\n"
    "属实 编号 — 核实反映是真的，上报人得积分\n"
    "不属实 编号 理由 — 核实反映不是真的\n"
    "帮助 积分申请 — 代申请、初审等\n"
    "帮助 户卡 — 户卡、开通密码\n"
    "帮助 送货 — 送货单、已送达\n"
    "帮助 巡查 — 巡查开始、巡查结束等\n"
    "【大家都能用】\n"
)
# What a topic of the own commands lists too is not named twice.
OWN_TOPICS = ("帮助 积分申请", "帮助 户卡", "帮助 送货")
BESIDES = "\n".join(line for line in EVERYBODY.splitlines() if not line.startswith(OWN_TOPICS))


def test_a_resident_is_told_what_anybody_may_say(town: Town) -> None:
    assert town.say("李秀英", "帮助") == HOW + EVERYBODY
    assert town.say("o-stranger", "帮助") == HOW + EVERYBODY


def test_a_worker_is_told_the_own_commands_first(town: Town) -> None:
    assert town.say("何春梅", "菜单") == HOW + WORKER + BESIDES
    assert town.say_in_group("何春梅", "帮助") == HOW + WORKER + BESIDES


def test_every_role_is_told_its_own_commands_and_no_others(town: Town) -> None:
    for who, person in CAST.items():
        if person.role == "newcomer":
            continue
        own = [c for c in COMMANDS if person.role in c.roles]
        everybody = [c for c in COMMANDS if c.roles == ANYBODY]
        others = [c for c in everybody if not c.topic or c.topic not in {one.topic for one in own}]
        assert _usages(town.say(who, "帮助")) == _listed(own) + _listed(others), who
        for topic in {c.topic for c in own + everybody if c.topic}:
            told = _usages(town.say(who, f"帮助 {topic}"))
            assert told == [c.usage for c in own + everybody if c.topic == topic], (who, topic)


def _listed(commands: list[Command]) -> list[str]:
    topics = dict.fromkeys(f"帮助 {c.topic}" for c in commands if c.topic)
    return [c.usage for c in commands if not c.topic] + list(topics)


def _usages(text: str) -> list[str]:
    return [line.split(" — ")[0] for line in text.splitlines() if " — " in line]


def test_a_topic_tells_how_its_commands_are_written(town: Town) -> None:
    assert town.say("李秀英", "帮助 家庭").splitlines()[:3] == [
        "【家庭】",
        "申诉 编号 理由 — 对扣分、冻结有异议，由别人复核",
        "我家 — 家里有谁、有多少积分",
    ]
    assert town.say("徐慧敏", "帮助积分管理").splitlines()[:2] == [
        "【积分管理】",
        "申诉列表 — 辖区里等待复核的申诉",
    ]
    assert town.say("李秀英", "帮助 积分管理").startswith("收到，编号 ")
    assert town.say("李秀英", "帮助老人过马路的灯坏了").startswith("收到，编号 ")


def test_the_answer_fits_into_one_message_of_wechat(town: Town) -> None:
    sizes = {who: len(town.say(who, "帮助").encode()) for who in ("何春梅", "徐慧敏", "顾晓宁", "戴满仓")}
    assert {who: size for who, size in sizes.items() if size > 2048} == {}


def test_who_holds_several_posts_is_told_all_of_them_in_one_message(town: Town) -> None:
    def post(tx: Tx) -> None:
        who = people.any_of(tx, names=["徐慧敏"])[0].id
        unit_id = town.house.county.registry.by_code["QH-XF"].id
        for role in ("shop_manager", "dispatcher"):
            tx.execute(sa.insert(posts).values(person_id=who, role=role, unit_id=unit_id))

    town.db.write(post)
    told = town.say("徐慧敏", "帮助")
    assert len(told.encode()) <= 2048
    assert told.splitlines()[1] == "【村(社区)工作人员、平安超市店长、指挥中心】"
    assert told.splitlines()[-1].startswith("我的、商品、帮助、分开、绑定 邀请码")


def test_however_it_is_written(town: Town) -> None:
    answer = town.say("李秀英", "帮助")
    for text in ("帮助！", "幫助", "菜单", "HELP", "help", " 帮助 ", "帮助？"):
        assert town.say("李秀英", text) == answer, text
