"""绑定 and 领取: an invitation or a claim code works once, in time, and cannot be guessed."""

from handlers import report
from handlers.import_registry import Invitation, import_registry
from handlers.report import Form, Receipt
from tests.town import DAY, HOUR, Town

WRONG = "邀请码不对，或者已经用过、过期了。"
WRONG_CLAIM = "领取码不对，或者已经领过、超过 15 天了。"
WELCOME = "新来，您好！已绑定：幸福社区第一网格网格员。发“帮助”看能做什么。"


def invite(town: Town, *rows: str) -> list[Invitation]:
    """Import people (name,phone,role,grid_code) with invitations."""
    files = {
        "grids.csv": "code,name,level\n",
        "people.csv": "\n".join(["name,phone,role,grid_code", *rows]) + "\n",
    }
    secret, now = town.house.county.secret, town.now
    done = town.db.write(lambda tx: import_registry(tx, files, secret=secret, now=now, invite=True))
    town.house.refresh()
    return done.invitations


def code_of_a_newcomer(town: Town) -> str:
    [invitation] = invite(town, "新来,13900009999,worker,QH-XF-1")
    return invitation.code


def open_page(town: Town, id: str = "f1", **values: str) -> Receipt:
    form = Form(**{"id": id, "unit_code": "QH-XF-1", "text": "井盖破了", **values})  # type: ignore[arg-type]
    county = town.house.county
    return town.db.write(lambda tx: report.from_page(tx, county, form, now=town.now))


# --- invitations


def test_an_invitation_gives_the_account_its_role(town: Town) -> None:
    code = code_of_a_newcomer(town)
    assert town.say("o-new", "报平安").startswith("收到，编号 1001")
    assert town.say("o-new", f"绑定 {code}") == WELCOME
    assert town.say("o-new", "报平安") == "已记录，辛苦了。"
    assert town.rows("checkins")[0]["name"] == "新来"


FORMS = ("绑定{}", "绑定：{}。", "绑定邀请码 {}", "綁定 {}", "绑定身份 {}")


def test_an_invitation_is_understood_however_it_is_written(town: Town) -> None:
    code = code_of_a_newcomer(town)
    written = f"{code[:4]}-{code[4:]}".lower()
    told = {form: town.would_say("o-new", form.format(written)) for form in FORMS}
    assert told == dict.fromkeys(FORMS, WELCOME)
    assert town.say("o-new", FORMS[0].format(written)) == WELCOME


def test_an_invitation_may_be_scanned(town: Town) -> None:
    code = code_of_a_newcomer(town)
    assert town.scan("o-new", f"bind-{code}") == WELCOME
    assert town.scan("o-other", f"bind-{code}") == f"{WRONG}还可以试 4 次。"


def test_an_invitation_works_once_and_for_one_account(town: Town) -> None:
    code = code_of_a_newcomer(town)
    town.say("o-new", f"绑定 {code}")
    assert town.say("o-new", f"绑定 {code}") == f"{WRONG}还可以试 4 次。"
    assert town.say("o-thief", f"绑定 {code}") == f"{WRONG}还可以试 4 次。"
    assert town.say("o-thief", "报平安").startswith("收到，编号 ")


def test_an_invitation_holds_for_seven_days(town: Town) -> None:
    code = code_of_a_newcomer(town)
    town.later(7 * DAY)
    assert town.say("o-new", f"绑定 {code}") == f"{WRONG}还可以试 4 次。"
    again = code_of_a_newcomer(town)
    town.later(7 * DAY - 1)
    assert town.say("o-new", f"绑定 {again}") == WELCOME


def test_five_wrong_codes_lock_the_account_for_an_hour(town: Town) -> None:
    code = code_of_a_newcomer(town)
    for left in (4, 3, 2, 1):
        assert town.say("o-new", "绑定 AAAABBBB") == f"{WRONG}还可以试 {left} 次。"
    assert town.say("o-new", "绑定 00000000") == f"{WRONG}已错 5 次，一小时内不能再试。"
    locked = "输错太多次，请在 11月23日 10:00 以后再试。"
    assert town.say("o-new", f"绑定 {code}") == locked
    assert town.scan("o-new", f"bind-{code}") == locked
    assert town.say("o-new", "领取 AAAABBBB") == locked
    town.later(HOUR - 1)
    assert town.say("o-new", f"绑定 {code}") == locked
    town.later(1)
    assert town.say("o-new", "绑定 AAAABBBB") == f"{WRONG}还可以试 4 次。"
    assert town.say("o-new", f"绑定 {code}") == WELCOME


def test_wrong_tries_are_forgotten_with_the_right_code(town: Town) -> None:
    code = code_of_a_newcomer(town)
    town.say("o-new", "绑定 AAAABBBB")
    town.say("o-new", f"绑定 {code}")
    assert town.say("o-new", "绑定 AAAABBBB") == f"{WRONG}还可以试 4 次。"


def test_a_wrong_code_sent_again_counts_once(town: Town) -> None:
    for _ in range(3):
        assert town.say("o-new", "绑定 AAAABBBB", message_id="same") == f"{WRONG}还可以试 4 次。"
    assert town.say("o-new", "绑定 AAAABBBB") == f"{WRONG}还可以试 3 次。"


def test_a_name_or_a_phone_alone_binds_nothing(town: Town) -> None:
    code_of_a_newcomer(town)
    assert town.say("o-new", "绑定 新来").startswith("收到，编号 1001")
    assert town.say("o-new", "绑定 13900009999") == f"{WRONG}还可以试 4 次。"
    assert town.say("o-new", "我是新来，网格员").startswith("收到，编号 1002")
    assert town.say("o-new", "报平安").startswith("收到，编号 1003")


def test_one_person_may_hold_several_accounts_and_has_one_wallet(town: Town) -> None:
    first = code_of_a_newcomer(town)
    town.say("o-phone", f"绑定 {first}")
    town.say("o-phone", "报平安")
    second = code_of_a_newcomer(town)
    assert town.say("o-tablet", f"绑定 {second}") == WELCOME
    assert town.say("o-tablet", "报平安") == "今天已报过平安。"
    assert (town.points("o-phone"), town.points("o-tablet")) == (3, 3)


def test_who_holds_several_posts_is_told_all(town: Town) -> None:
    [invitation] = invite(town, "多面手,13900008888,worker,QH-XF-1", "多面手,13900008888,shop_manager,QH-XF")
    assert town.say("o-new", f"绑定 {invitation.code}") == (
        "多面手，您好！已绑定：幸福社区第一网格网格员、幸福社区平安超市店长。发“帮助”看能做什么。"
    )


def test_what_a_resident_earned_and_reported_comes_along_to_the_role(town: Town) -> None:
    town.say("o-new", "幸福社区第一网格的井盖破了")
    town.say("o-new", "幸福社区第一网格的路灯坏了")
    town.say("周建国", "属实 1001")
    code = code_of_a_newcomer(town)
    assert town.say("o-new", f"绑定 {code}") == WELCOME
    assert town.points("o-new") == 10
    assert town.say("o-new", "查询 1001").splitlines()[0] == "事件 1001：待派单"
    assert town.say("o-new", "属实 1002") == "不能核实自己上报的事件，请由别人核实。"
    assert town.say("周建国", "属实 1002") == "事件 1002 属实，已给上报人记积分。"
    assert town.points("o-new") == 20
    assert town.drift() == []


def test_who_wrote_a_report_as_a_stranger_cannot_confirm_it_as_a_worker(town: Town) -> None:
    town.say("o-new", "代报 张三 13911112222 幸福社区第一网格井盖破了")
    town.say("o-new", f"绑定 {code_of_a_newcomer(town)}")
    assert town.say("o-new", "属实 1001") == "不能核实自己上报的事件，请由别人核实。"


def test_goods_that_wait_go_back_when_a_stranger_turns_out_to_be_somebody(town: Town) -> None:
    town.say("o-new", "幸福社区第一网格的井盖破了")
    town.say("周建国", "属实 1001")
    pickup = town.say("o-new", "兑换 肥皂").splitlines()[1].removeprefix("取货码：")
    town.say("o-new", f"绑定 {code_of_a_newcomer(town)}")
    assert town.say("o-new", "积分") == "您现有 10 分。"
    assert town.say("戴满仓", f"核销 {pickup}") == "没有这个取货码，或者已经领取、过期了。还可以试 4 次。"
    assert town.drift() == []


def test_the_wallet_of_somebody_with_a_post_is_not_taken_along(town: Town) -> None:
    """何春梅's account takes another person's invitation: it becomes that person, her points stay hers."""
    town.say("何春梅", "报平安")
    assert town.say("何春梅", f"绑定 {code_of_a_newcomer(town)}") == WELCOME
    assert town.points("何春梅") == 0
    assert town.say_in_group("何春梅", "积分") == "您现有 3 分。"
    assert town.drift() == []


# --- claim codes


def test_a_claim_brings_the_case_and_later_points(town: Town) -> None:
    receipt = open_page(town)
    assert town.say("o-new", f"领取 {receipt.claim_code}") == "事件 1001 已归到您名下，核实属实就有积分。"
    assert town.say("o-new", "查询 1001").splitlines()[0] == "事件 1001：待派单"
    town.say("周建国", "属实 1001")
    assert town.points("o-new") == 10
    assert town.told() == ["您反映的事件 1001 已核实属实，感谢您。发“积分”可以查看积分。"]
    assert town.drift() == []


def test_a_claim_brings_the_points_that_were_earned_before(town: Town) -> None:
    receipt = open_page(town)
    town.say("周建国", "属实 1001")
    assert town.told() == []
    assert town.say("李秀英", f"领取领取码：{receipt.claim_code.lower()}") == (
        "事件 1001 已归到您名下，得 10 分。"
    )
    assert town.points("李秀英") == 10
    assert town.drift() == []


def test_a_claim_works_once(town: Town) -> None:
    receipt = open_page(town)
    town.say("周建国", "属实 1001")
    town.say("李秀英", f"领取 {receipt.claim_code}")
    for who in ("李秀英", "王小满"):
        assert town.say(who, f"领取 {receipt.claim_code}") == f"{WRONG_CLAIM}还可以试 4 次。"
    assert (town.points("李秀英"), town.points("王小满")) == (10, 0)


def test_a_claim_holds_for_fifteen_days(town: Town) -> None:
    first, second = open_page(town), open_page(town, "f2")
    town.later(15 * DAY)
    assert town.say("李秀英", f"领取 {first.claim_code}") == "事件 1001 已归到您名下，核实属实就有积分。"
    town.later(1)
    assert town.say("李秀英", f"领取 {second.claim_code}") == f"{WRONG_CLAIM}还可以试 4 次。"


def test_five_wrong_claim_codes_lock_for_an_hour(town: Town) -> None:
    receipt = open_page(town)
    for _ in range(4):
        town.say("李秀英", "领取 AAAABBBB")
    assert town.say("李秀英", "领取 AAAABBBB") == f"{WRONG_CLAIM}已错 5 次，一小时内不能再试。"
    assert town.say("李秀英", f"领取 {receipt.claim_code}") == "输错太多次，请在 11月23日 10:00 以后再试。"


def test_who_confirmed_a_report_cannot_claim_it(town: Town) -> None:
    receipt = open_page(town)
    town.say("周建国", "属实 1001")
    assert town.say("周建国", f"领取 {receipt.claim_code}") == "不能认领自己核实过的事件。"
    assert town.points("周建国") == 0


def test_who_claimed_a_report_cannot_confirm_it(town: Town) -> None:
    receipt = open_page(town)
    town.say("周建国", f"领取 {receipt.claim_code}")
    assert town.say("周建国", "属实 1001") == "不能核实自己上报的事件，请由别人核实。"
