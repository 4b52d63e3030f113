"""兑换 and 核销: points and goods are held together and given together, once, across the right counter."""

import re
from concurrent.futures import ThreadPoolExecutor

from handlers.import_registry import import_registry
from tests.town import DAY, HOUR, NOW, Town

UNKNOWN = "没有这个取货码，或者已经领取、过期了。还可以试 4 次。"


def earn(town: Town, who: str, reports: int, judge: str = "徐慧敏") -> None:
    """Let somebody make true reports, ten points each; four a day, the daily cap leaves room for no more."""
    for made in range(reports):
        if made and made % 4 == 0:
            town.later(DAY)
        number = town.say(who, "井盖破了").split("编号 ")[1][:4]
        assert town.say(judge, f"属实 {number}") == f"事件 {number} 属实，已给上报人记积分。"


def exchange(town: Town, who: str, text: str) -> str:
    """The pick-up code."""
    answer = town.say(who, text)
    found = re.search(r"取货码：(\d{6})\n", answer)
    assert found, answer
    return found[1]


def stock(town: Town, article: str, who: str = "李秀英") -> str:
    """What the catalogue says is left of an article."""
    line = next(line for line in town.say(who, "商品").splitlines() if line.startswith(article))
    return line.split("余 ")[1]


def test_soap_for_a_true_report(town: Town) -> None:
    earn(town, "李秀英", 1)
    code = exchange(town, "李秀英", "兑换 肥皂 1")
    assert stock(town, "肥皂") == "119 块"
    assert town.say("戴满仓", f"核销 {code}") == "核销成功（单号 1）：李秀英，肥皂 1 块，10 分。请交货。"
    assert town.say("戴满仓", f"核销 {code}") == UNKNOWN
    assert town.say("李秀英", "积分") == "您现有 0 分。"
    assert town.drift() == []


def test_the_goods_of_the_nearest_shop_are_shown_and_others_by_name(town: Town) -> None:
    shown = town.say("李秀英", "商品")
    assert shown.splitlines()[:2] == ["【幸福社区平安超市】", "大米 10 分/斤，余 200 斤"]
    assert shown.splitlines()[-2:] == [
        "别处还有桃花村平安超市，发“商品 超市名”可看。",
        "要换就发：兑换 商品 数量",
    ]
    assert len(shown.encode()) < 2048
    for who, text in (("赵爱莲", "商品"), ("李秀英", "商品 桃花村"), ("李秀英", "平安超市 桃花村平安超市")):
        assert town.say(who, text).splitlines()[0] == "【桃花村平安超市】", (who, text)


EXCHANGES = {
    "兑换 肥皂": "肥皂 1 块，用 10 分",
    "兑换肥皂2块": "肥皂 2 块，用 20 分",
    "兑换 肥皂 ×3": "肥皂 3 块，用 30 分",
    "兑换：肥皂，2": "肥皂 2 块，用 20 分",
    "兌換肥皂２塊": "肥皂 2 块，用 20 分",
    "兑换两块肥皂": "肥皂 2 块，用 20 分",
    "兑换 2 肥皂": "肥皂 2 块，用 20 分",
    "换购肥皂三块！": "肥皂 3 块，用 30 分",
    "兑换 xf-soap 2": "肥皂 2 块，用 20 分",
    "兑换 皂": "肥皂 1 块，用 10 分",
    "兑换 食用油 1.8 L": "食用油 1.8 L 1 瓶，用 80 分",
    "兑换食用油1.8L": "食用油 1.8 L 1 瓶，用 80 分",
    "兑换 食用油": "食用油 1.8 L 1 瓶，用 80 分",
    "兑换 盐 400 g 2袋": "盐 400 g 2 袋，用 20 分",
    "兑换抽纸6包": "抽纸 6 包 1 提，用 25 分",
    "兑换 挂面 1 kg 2": "挂面 1 kg 2 把，用 40 分",
    "兑换大米10斤": "大米 10 斤，用 100 分",
}


def test_an_exchange_is_understood_however_it_is_written(town: Town) -> None:
    earn(town, "李秀英", 10)
    told = {text: town.would_say("李秀英", text).splitlines()[0] for text in EXCHANGES}
    assert told == {text: f"已兑换{expected}。" for text, expected in EXCHANGES.items()}
    assert (stock(town, "肥皂"), town.points("李秀英"), town.drift()) == ("120 块", 100, [])


def test_what_cannot_be_exchanged(town: Town) -> None:
    earn(town, "李秀英", 1)
    for text, answer in (
        ("兑换 大米 2", "积分不够：需要 20 分，您现有 10 分。"),
        ("兑换 大米 100", "数量要在 1 到 99 之间。"),
        ("兑换 大米 0", "数量要在 1 到 99 之间。"),
        ("兑换 电视机 1", "平安超市没有这样商品，发“商品”看能换什么。"),
        ("兑换 金条", "平安超市没有这样商品，发“商品”看能换什么。"),
        ("兑换 毛", "积分不够：需要 15 分，您现有 10 分。"),
        ("兑换 洗", "积分不够：需要 50 分，您现有 10 分。"),
        ("兑换", "请这样发：兑换 商品 数量（用积分换商品，得到取货码）"),
        ("取消兑换", "没有这个取货码，或者已经领取、取消了。"),
        ("取消", "没有这个取货码，或者已经领取、取消了。"),
    ):
        assert town.say("李秀英", text) == answer, text
    assert town.say("李秀英", "积分") == "您现有 10 分。"
    assert town.drift() == []


def test_a_part_of_several_names_is_asked_back(town: Town) -> None:
    earn(town, "李秀英", 1)
    assert town.say("李秀英", "兑换 牙") == "积分不够：需要 15 分，您现有 10 分。"
    assert town.say("李秀英", "兑换 巾") == "积分不够：需要 15 分，您现有 10 分。"
    assert town.say("李秀英", "兑换 油") == "积分不够：需要 80 分，您现有 10 分。"
    assert town.say("李秀英", "兑换 包") == "请写全名：抽纸 6 包、菜籽种包"


def test_the_nearest_shop_comes_first_and_the_next_one_where_it_has_too_little(town: Town) -> None:
    earn(town, "李秀英", 9)
    assert (
        town.say("李秀英", "兑换 食用油").splitlines()[2] == "请在 12月2日 09:00 前到幸福社区平安超市领取。"
    )
    earn(town, "赵爱莲", 1, "陶春生")
    assert town.say("赵爱莲", "兑换 肥皂").splitlines()[2] == "请在 12月2日 09:00 前到桃花村平安超市领取。"
    assert town.say("李秀英", "兑换 农用手套").splitlines()[2] == (
        "请在 12月2日 09:00 前到桃花村平安超市领取。"
    )
    town.db.write(
        lambda tx: import_registry(
            tx,
            {
                "grids.csv": "code,name,level\n",
                "people.csv": "name,role,grid_code\n",
                "articles.csv": "shop_code,code,name,price,stock,unit\n"
                "SHOP-XF,XF-BUN,馒头,1,2,个\nSHOP-TH,TH-BUN,馒头,1,9,个\n",
            },
            secret=b"",
            now=NOW,
        )
    )
    earn(town, "李秀英", 1)
    assert town.say("李秀英", "兑换 馒头 3").splitlines()[2] == "请在 12月2日 09:00 前到桃花村平安超市领取。"
    assert town.say("李秀英", "兑换 馒头 2").splitlines()[2] == (
        "请在 12月2日 09:00 前到幸福社区平安超市领取。"
    )
    assert town.say("李秀英", "兑换 馒头 7") == "积分不够：需要 7 分，您现有 5 分。"
    earn(town, "李秀英", 1)
    assert town.say("李秀英", "兑换 馒头 7") == "馒头只剩 0 个了。"
    assert town.drift() == []


def test_the_last_pieces_are_sold_once(town: Town) -> None:
    """Eight buyers at once for five buns."""
    files = {
        "grids.csv": "code,name,level\n",
        "people.csv": "name,role,grid_code\n",
        "articles.csv": "shop_code,code,name,price,stock,unit\nSHOP-XF,XF-BUN,馒头,1,5,个\n",
    }
    town.db.write(lambda tx: import_registry(tx, files, secret=b"", now=NOW))
    buyers = ["李秀英", "王小满", "陈桂芳", "刘大川", "赵爱莲", "孙来福", "周明月", "吴长庚"]
    for who in buyers:
        town.say(who, "井盖破了")
    for number in range(1001, 1009):
        town.say("顾晓宁", f"派单 {number} 周建国")
        town.say("周建国", f"属实 {number}")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda who: town.say(who, "兑换 馒头"), buyers))
    assert sum(answer.startswith("已兑换馒头 1 个") for answer in answers) == 5
    assert sum(answer in ("馒头只剩 0 个了。", "馒头刚刚被换走了。") for answer in answers) == 3
    assert town.drift() == []


def test_what_a_household_may_have_a_month_holds_for_orders_at_once(town: Town) -> None:
    assert town.say("戴满仓", "限购 盐 1") == "盐 400 g：每户每月限 1 袋。"
    earn(town, "李秀英", 4)
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: town.say("李秀英", "兑换 盐"), range(8)))
    assert sum("取货码" in answer for answer in said) == 1
    assert said.count("盐 400 g每户每月限 1 袋，本月已换 1 袋。") == 7
    assert town.points("李秀英") == 30


def test_only_the_manager_of_the_shop_hands_over(town: Town) -> None:
    earn(town, "李秀英", 1)
    code = exchange(town, "李秀英", "兑换 肥皂")
    assert town.say("毛巧玲", f"核销 {code}") == UNKNOWN
    assert town.say("严守正", f"核销 {code}").startswith("收到，编号 ")
    assert town.say("李秀英", f"核销 {code}").startswith("收到，编号 ")
    assert town.say("戴满仓", "核销 000000") == UNKNOWN
    assert town.say("戴满仓", f"核销取货码：{code[:3]} {code[3:]}") == (
        "核销成功（单号 1）：李秀英，肥皂 1 块，10 分。请交货。"
    )
    assert town.drift() == []


def test_nobody_hands_over_to_himself(town: Town) -> None:
    earn(town, "戴满仓", 1)
    code = exchange(town, "戴满仓", "兑换 肥皂")
    assert town.say("戴满仓", f"核销 {code}") == "不能给自己核销，请由别人经手。"
    assert town.say("戴满仓", "积分") == "您现有 0 分。另有 10 分已换商品，等待领取。"
    assert town.drift() == []


def test_what_is_not_picked_up_in_seven_days_goes_back(town: Town) -> None:
    earn(town, "李秀英", 2)
    code = exchange(town, "李秀英", "兑换 肥皂 2")
    town.later(7 * DAY - 1)
    town.run_jobs()
    assert stock(town, "肥皂") == "118 块"
    town.later(1)
    assert town.say("戴满仓", f"核销 {code}") == "这个取货码已经过期，积分会自动退回。"
    assert "redeem.expire" in town.run_jobs()
    assert (stock(town, "肥皂"), town.points("李秀英")) == ("120 块", 20)
    assert town.say("戴满仓", f"核销 {code}") == UNKNOWN
    town.later(HOUR)
    town.run_jobs()
    assert (stock(town, "肥皂"), town.points("李秀英")) == ("120 块", 20)
    assert town.drift() == []


def test_a_redemption_may_be_cancelled_once_and_by_its_owner_only(town: Town) -> None:
    earn(town, "李秀英", 1)
    earn(town, "王小满", 1)
    code, other = exchange(town, "李秀英", "兑换 肥皂"), exchange(town, "王小满", "兑换 盐")
    refused = "没有这个取货码，或者已经领取、取消了。"
    assert town.say("王小满", f"取消兑换 {code}") == refused
    assert town.say("李秀英", f"取消兑换 {other}") == refused
    assert town.say("李秀英", f"取消兑换 {code}") == "已取消，10 分退回。"
    assert town.say("李秀英", f"取消兑换 {code}") == refused
    assert town.say("戴满仓", f"核销 {code}") == UNKNOWN
    assert (town.points("李秀英"), stock(town, "肥皂")) == (10, "120 块")
    town.say("戴满仓", f"核销 {other}")
    assert town.say("王小满", f"取消兑换 {other}") == refused
    assert town.drift() == []


def test_without_a_code_the_only_one_is_cancelled(town: Town) -> None:
    earn(town, "李秀英", 2)
    exchange(town, "李秀英", "兑换 肥皂")
    code = exchange(town, "李秀英", "兑换 盐")
    assert town.say("李秀英", "取消兑换") == "您有 2 样商品待领，请写明：取消兑换 取货码。"
    assert town.say("李秀英", f"取消兑换 {code}") == "已取消，10 分退回。"
    assert town.say("李秀英", "取消兑换") == "已取消，10 分退回。"
    assert town.points("李秀英") == 20
    assert town.drift() == []


def test_an_exchange_sent_again_holds_points_once_and_tells_the_same_code(town: Town) -> None:
    earn(town, "李秀英", 2)
    first = town.say("李秀英", "兑换 肥皂", message_id="same")
    assert town.say("李秀英", "兑换 肥皂", message_id="same") == first
    assert town.points("李秀英") == 10
    assert town.drift() == []
