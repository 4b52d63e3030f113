"""A manager keeps the shop in chat: articles, goods in and out, stock-takes; the supervisor sees it all."""

from functools import partial

import pytest
import sqlalchemy as sa

from handlers import articles
from handlers.import_registry import import_registry
from store import photos, shop
from store.tx import Tx
from tests.invariants import broken
from tests.shop import assert_books_are_right, give_points, order, shelf, told
from tests.town import DAY, NOW, Town

NEW = (
    "请这样发：上架 名称 价格 数量 来源，例如：上架 酱油 500 ml 15分 20瓶 供销社；服务写：上架 理发 30分 服务"
)


def number(answer: str) -> str:
    """Of the movement that an answer offers to take back."""
    return answer.rpartition("撤销流水 ")[2]


def test_an_article_comes_up_is_changed_and_goes(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    assert say("上架 酱油 500 ml 15分 20瓶 供销社") == "已上架酱油 500 ml，15 分/瓶，20 瓶。"
    assert say("上架 免费理发 30分 服务") == "已上架免费理发，30 分/次，是服务，不计库存。"
    assert say("改价 酱油 12") == "酱油 500 ml：15 分改为 12 分，已经下单的不变。"
    assert say("限购 酱油500ml 2瓶") == "酱油 500 ml：每户每月限 2 瓶。"
    assert say("供应商 酱油 爱心企业") == "酱油 500 ml：由爱心企业供应。"
    assert say("保质期 酱油 2027年1月5日") == "酱油 500 ml：保质期到 2027-01-05。"
    goods = town.say("李秀英", "商品").splitlines()
    assert "酱油 500 ml 12 分/瓶，余 20 瓶，每户每月限 2" in goods
    assert "免费理发 30 分/次，可预约" in goods
    give_points(town, "李秀英", 100)
    code = order(town, "李秀英", "酱油 2")
    assert town.say("李秀英", "兑换 酱油") == "酱油 500 ml每户每月限 2 瓶，本月已换 2 瓶。"
    haircut = order(town, "李秀英", "免费理发")
    assert say(f"核销 {haircut}") == "核销成功（单号 2）：李秀英，免费理发 1 次，30 分。请交货。"
    assert say("下架 酱油 500 ml") == (
        "酱油 500 ml已下架，货架上还有 18 瓶，待领的 2 瓶照常领取。恢复请发：上架 酱油 500 ml"
    )
    assert say("下架 酱油") == "酱油 500 ml已经下架了。"
    assert not any(line.startswith("酱油") for line in town.say("李秀英", "商品").splitlines())
    assert town.say("王小满", "兑换 酱油").startswith("积分不够")
    give_points(town, "王小满", 100)
    assert town.say("王小满", "兑换 酱油") == "酱油 500 ml已经下架。"
    assert say(f"核销 {code}") == "核销成功（单号 1）：李秀英，酱油 500 ml 2 瓶，24 分。请交货。"
    assert say("上架 酱油 500 ml") == "酱油 500 ml重新上架，12 分/瓶，余 18 瓶。"
    assert say("限购 酱油 不限") == "酱油 500 ml：不再限购。"
    assert told(town, "严守正") == [
        "【上架】幸福社区平安超市：已上架酱油 500 ml，15 分/瓶，20 瓶。经手戴满仓。",
        "【上架】幸福社区平安超市：已上架免费理发，30 分/次，是服务，不计库存。经手戴满仓。",
        "【改价】幸福社区平安超市酱油 500 ml：15 分改为 12 分，已经下单的不变。经手戴满仓。",
        "【限购】幸福社区平安超市酱油 500 ml：每户每月限 2 瓶。经手戴满仓。",
        "【供应商】幸福社区平安超市酱油 500 ml：由爱心企业供应。经手戴满仓。",
        "【保质期】幸福社区平安超市酱油 500 ml：保质期到 2027-01-05。经手戴满仓。",
        "【限购】幸福社区平安超市酱油 500 ml：不再限购。经手戴满仓。",
    ]
    assert_books_are_right(town)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("酱油 500 ml 15分 20瓶 供销社", ("酱油 500 ml", "15", "20", "瓶", "供销社")),
        ("酱油 15 20 供销社", ("酱油", "15", "20", None, "供销社")),
        ("酱油 15 20 瓶 供销社", ("酱油", "15", "20", " 瓶", "供销社")),
        ("酱油,15分,20瓶", ("酱油", "15", "20", "瓶", None)),
        ("抽纸 6 包 25 60提 爱心企业 捐赠", ("抽纸 6 包", "25", "60", "提", "爱心企业 捐赠")),
        ("洗衣液 2 kg 50 36", ("洗衣液 2 kg", "50", "36", None, None)),
        ("酱油 15分 20瓶供销社捐赠", None),
        ("酱油 15", None),
    ],
)
def test_a_new_article_is_read_as_it_is_written(written: str, read: tuple[str, ...] | None) -> None:
    match = articles.NEW.fullmatch(written)
    assert (match and match.group("name", "price", "count", "measure", "supplier")) == read


def test_what_a_manager_cannot_do_is_said(town: Town) -> None:
    for text, answer in (
        ("上架 酱油", NEW),
        ("上架 大米 10 20", "大米已经在架，补货请发“入库”，调价请发“改价”。"),
        ("上架 酱油 0 20瓶", "名称最多 30 个字，价格要在 1 到 100000 分之间。"),
        ("下架 电视机", "幸福社区平安超市没有这样商品，发“库存”看名称。"),
        ("下架 大米 3", "请这样发：下架 商品"),
        ("改价 大米 贵一点", "要写 1 到 100000 之间的整数。"),
        ("限购 大米 10000", "要写 1 到 9999 之间的整数。"),
        ("保质期 大米 2027-02-30", "日期请写成 2027-01-31。"),
        ("入库 大米 20", "请这样发：入库 商品 数量 来源（供应商或捐赠人），数量要在 1 到 99999 之间。"),
        ("入库 大米 0 供销社", "请这样发：入库 商品 数量 来源（供应商或捐赠人），数量要在 1 到 99999 之间。"),
        ("报损 大米 3", "请这样发：报损 商品 数量 理由，数量要在 1 到 99999 之间。"),
        ("报损 大米 201 受潮", "货架上只有 200 斤大米。"),
        ("盘点 大米 许多", "请这样发：盘点 商品 实数 理由（数店里全部，包括待领的）"),
        ("盘点 大米 198", "账上应有 200 斤，差 -2，请写明理由：盘点 商品 实数 理由"),
        ("撤销流水 999999", "您的店里没有第 999999 号流水。"),
        ("流水 12月30日", "请写过去的日期，例如：流水 11-23"),
        ("配图 大米", "请先发一张照片，再发：配图 商品"),
        ("入库", "请这样发：入库 商品 数量 来源（到了一批货）"),
    ):
        assert town.say("戴满仓", text) == answer, text
    for who, text in (
        ("李秀英", "入库 大米 20 自己家"),
        ("严守正", "入库 大米 20 自己家"),
        ("戴满仓", "盘点的时候发现库房灯坏了"),
        ("戴满仓", "下架子上面的灯坏了"),
    ):
        assert town.say(who, text).startswith("收到，编号 "), text
    assert town.say("毛巧玲", "入库 抽纸 20 自己家") == "桃花村平安超市没有这样商品，发“库存”看名称。"
    assert shelf(town, "大米") == "大米 200 斤"
    assert_books_are_right(town)


def test_goods_come_in_go_bad_and_are_counted(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    came = say("入库 食用油 1.8 L 20瓶 爱心企业捐赠")
    assert came == f"已入库食用油 1.8 L 20 瓶，货架现有 50 瓶。记错了请发：撤销流水 {number(came)}"
    twice = {town.say("戴满仓", "入库 大米 5 供销社", message_id="same") for _ in range(2)}
    assert (len(twice), shelf(town, "大米")) == (1, "大米 205 斤")
    bad = say("报损 大米 5斤 受潮")
    assert bad == f"已报损大米 5 斤，货架现有 200 斤。记错了请发：撤销流水 {number(bad)}"
    give_points(town, "李秀英", 100)
    code = order(town, "李秀英", "大米 10")
    assert shelf(town, "大米") == "大米 190 斤（待领 10，报损 5）"
    assert say("盘点 大米 200") == "大米账实相符，200 斤。"
    assert say("盘点 大米 9 少了") == "比待领的 10 斤还少，请先和下单的村民说好取消兑换，再盘点。"
    less = say("盘点 大米 198 两斤被老鼠咬了")
    assert less == (
        f"大米账上 200，实数 198，差 -2 斤，已记账并告诉监督员。记错了请发：撤销流水 {number(less)}"
    )
    more = say("盘点 盐 400 g 81 上次少数一袋")
    assert more.startswith("盐 400 g账上 80，实数 81，差 +1 袋，已记账并告诉监督员。")
    assert say(f"核销 {code}").startswith("核销成功")
    assert (shelf(town, "大米"), shelf(town, "盐")) == ("大米 188 斤（报损 5）", "盐 400 g 81 袋")
    assert told(town, "严守正") == [
        "【报损】幸福社区平安超市：大米 5 斤，受潮，经手戴满仓。",
        "【盘点差异】幸福社区平安超市：大米账上 200，实数 198，差 -2 斤。理由：两斤被老鼠咬了，经手戴满仓。",
        "【盘点差异】幸福社区平安超市：盐 400 g账上 80，实数 81，差 +1 袋。理由：上次少数一袋，经手戴满仓。",
    ]
    assert_books_are_right(town)


def test_a_mistake_is_taken_back_once_by_the_same_shop(town: Town) -> None:
    say = partial(town.say, "戴满仓")
    came, bad = say("入库 大米 100 供销社"), say("报损 大米 5 受潮")
    counted = say("盘点 大米 300 多出五斤")
    assert town.say("毛巧玲", f"撤销流水 {number(came)}") == f"您的店里没有第 {number(came)} 号流水。"
    assert say(f"撤销流水 {number(counted)}") == "已撤销盘点大米 5 斤，货架现有 295 斤。"
    assert say(f"撤销流水 {number(counted)}") == "这笔流水已经撤销过了。"
    assert say(f"撤销流水 {number(bad)}") == "已撤销报损大米 5 斤，货架现有 300 斤。"
    give_points(town, "李秀英", 3000)
    for _ in range(3):
        order(town, "李秀英", "大米 99")
    refused = "大米已经换出去了，货架上不够撤销，请用盘点更正。"
    assert say(f"撤销流水 {number(came)}") == refused
    town.say("戴满仓", "入库 盐 400 g 1 供销社")
    town.later(7 * DAY + 1)
    assert say(f"撤销流水 {number(came)}") == "超过 7 天的流水不能撤销，请用盘点更正。"
    assert told(town, "严守正")[-2:] == [
        "【撤销】幸福社区平安超市：盘点大米 5 斤，经手戴满仓。",
        "【撤销】幸福社区平安超市：报损大米 5 斤，经手戴满仓。",
    ]
    assert_books_are_right(town)


def test_the_group_hears_once_that_little_is_left(town: Town) -> None:
    assert town.say("戴满仓", "预警 保温杯 10") == "保温杯：剩 10 个时预警。"
    give_points(town, "李秀英", 3000)
    warned = "【库存预警】幸福社区平安超市：保温杯只剩 10 个（预警线 10 个），请补货。"
    order(town, "李秀英", "保温杯 5")
    assert warned not in town.heard("QH-XF")
    code = order(town, "李秀英", "保温杯")
    assert town.heard("QH-XF") == [warned]
    order(town, "李秀英", "保温杯")
    assert town.heard("QH-XF") == [warned]
    town.say("李秀英", f"取消兑换 {code}")  # nine and one are ten again: nothing fell
    assert town.heard("QH-XF") == [warned]
    order(town, "李秀英", "保温杯")  # nothing fell to the mark: it lay there
    assert (town.heard("QH-XF"), shelf(town, "保温杯")) == ([warned], "保温杯 9 个（待领 7）")
    town.say("戴满仓", "入库 保温杯 2 供销社")
    town.say("戴满仓", "报损 保温杯 3 摔坏")
    low = "【库存预警】幸福社区平安超市：保温杯只剩 8 个（预警线 10 个），请补货。"
    assert town.heard("QH-XF") == [warned, low]
    assert [text for text in told(town, "严守正") if text.startswith("【库存预警】")] == [warned, low]
    assert_books_are_right(town)


def test_goods_are_called_out_before_they_go_stale_and_stale_ones_are_not_ordered(town: Town) -> None:
    town.say("戴满仓", "保质期 大米 2026-12-24")
    give_points(town, "李秀英", 100)
    for passed, marks in ((0, 0), (1, 1), (1, 1), (22, 2), (6, 2), (1, 2), (1, 3)):
        town.later(passed * DAY)
        town.run_jobs()
        assert sum(text.startswith("【保质期】幸福社区") for text in told(town, "戴满仓")) == marks
    assert told(town, "戴满仓") == [
        f"【保质期】幸福社区平安超市：大米（2026-12-24 到期，货架 200 斤）{said}。"
        for said in (
            "还有 30 天到保质期，请尽快安排",
            "还有 7 天到保质期，请尽快安排",
            "已过保质期，已停止兑换，请报损下架",
        )
    ]
    assert told(town, "严守正")[1:] == told(town, "戴满仓")
    assert told(town, "毛巧玲") == []
    assert not any(line.startswith("大米") for line in town.say("李秀英", "商品").splitlines())
    answer = town.say("李秀英", "兑换 大米").splitlines()
    assert answer[2].endswith("到桃花村平安超市领取。")  # the nearest shop that has good rice
    town.say("毛巧玲", "保质期 大米 2026-12-24")
    assert town.say("李秀英", "兑换 大米") == "大米过了保质期，不能兑换。"
    assert_books_are_right(town)


def test_the_day_s_turnover_is_seen_by_manager_and_supervisor(town: Town) -> None:
    give_points(town, "李秀英", 100)
    code = order(town, "李秀英", "肥皂 2")
    town.say("戴满仓", f"核销 {code}")
    came = number(town.say("戴满仓", "入库 肥皂 10 供销社"))
    town.say("戴满仓", f"撤销流水 {came}")
    undone = int(came) + 1
    seen = (
        "【幸福社区平安超市流水】11月23日\n交货 1 笔，20 分\n"
        "单号 1 09:00 李秀英 肥皂 2 块 20 分，本户领，经手戴满仓\n进出 2 笔\n"
        f"{undone} 号 09:00 肥皂 -10 块，撤销入库，经手戴满仓\n"
        f"{came} 号 09:00 肥皂 +10 块，入库：供销社，经手戴满仓（已撤销）"
    )
    for who in ("戴满仓", "严守正"):
        assert town.say(who, "流水") == seen
    town.later(DAY)
    assert town.say("严守正", "流水").splitlines()[1:] == ["交货 0 笔，0 分", "进出 0 笔"]
    assert town.say("严守正", "流水 昨天").splitlines()[2] == seen.splitlines()[2]
    assert town.say("连欣", "流水 昨天").splitlines()[:2] == [
        "【桃花村平安超市流水】11月23日",
        "交货 0 笔，0 分",
    ]
    assert town.say("李秀英", "流水").startswith("收到，编号 ")


def test_a_photo_sent_ahead_becomes_the_article_s_picture(town: Town) -> None:
    town.send_photo("戴满仓")
    assert town.say("戴满仓", "配图 大米") == "照片还在取，请过一分钟再发一次这句。"

    def fetched(tx: Tx) -> None:
        [(photo_id, _, _)] = photos.due(tx, now=NOW, limit=9)
        photos.keep(tx, photo_id, b"jpeg")

    def picture(name: str) -> tuple[bytes | None, int]:
        with town.db.read() as tx:
            [one] = [a for a in shop.articles_of(tx, [1]) if a.name == name]
            return shop.photo(tx, one.id), len(photos.due(tx, now=NOW, limit=9))

    town.db.write(fetched)
    assert picture("大米") == (None, 0)
    assert town.say("戴满仓", "配图 大米") == "大米的图片换好了。"
    assert picture("大米") == (b"jpeg", 0)
    assert town.say("戴满仓", "配图 盐 400 g") == "请先发一张照片，再发：配图 商品"


def test_one_who_keeps_two_shops_names_the_one_that_is_meant(town: Town) -> None:
    people = (
        "name,phone,role,grid_code,wecom_userid,openid\n戴满仓,13800000083,shop_manager,QH-TH,,o-daimancang\n"
    )
    files = {"grids.csv": "code,name,level\n", "people.csv": people}
    town.db.write(lambda tx: import_registry(tx, files, secret=b"", now=NOW))
    asked = "您管几个店，请先写店名：幸福社区平安超市、桃花村平安超市。"
    assert town.say("戴满仓", "入库 雨鞋 6 供销社") == asked
    assert town.say("戴满仓", "入库 桃花村平安超市 雨鞋 6 供销社").startswith(
        "已入库雨鞋 6 双，货架现有 30 双。"
    )
    assert town.say("戴满仓", "库存 桃花村平安超市 雨鞋") == "【桃花村平安超市库存】\n雨鞋 30 双"
    give_points(town, "李秀英", 100)
    codes = [order(town, "李秀英", "肥皂"), order(town, "李秀英", "雨鞋")]
    for code in codes:
        assert town.say("戴满仓", f"核销 {code}").startswith("核销成功")
    assert_books_are_right(town)


def test_shops_and_articles_come_in_from_the_registry_with_all_they_have(town: Town) -> None:
    def bring(shops: str, articles: str) -> list[str]:
        files = {
            "grids.csv": "code,name,level\n",
            "people.csv": "name,role,grid_code\n",
            "shops.csv": f"code,name,unit_code,opening\n{shops}\n",
            "articles.csv": "shop_code,code,name,price,stock,unit,service,most_a_month,low_stock,supplier,"
            f"best_before\n{articles}\n",
        }

        def work(tx: Tx) -> list[str]:
            done = import_registry(tx, files, secret=b"", now=NOW)
            return [*done.notes, f"{done.added['articles.csv']} {done.changed['articles.csv']}"]

        return town.db.write(work)

    assert bring(
        "SHOP-YL,杨柳村平安超市,QH-YL,每月5日 9:00-16:00",
        "SHOP-YL,A1,面粉,20,30,袋,,2,5,供销社,2027/3/1\nSHOP-YL,A2,理发,30,,次,是,,,,",
    ) == [
        "shops.csv 第 2 行：杨柳村平安超市还没有店长",
        "shops.csv 第 2 行：杨柳村平安超市还没有监督员",
        "2 0",
    ]
    assert town.say("吴长庚", "商品").splitlines()[:4] == [
        "【杨柳村平安超市】",
        "面粉 20 分/袋，余 30 袋，每户每月限 2",
        "理发 30 分/次，可预约",
        "领取时间：每月5日 09:00-16:00",
    ]
    # What is left empty stays, whoever set it.
    assert bring("SHOP-YL,杨柳村平安超市,QH-YL,", "SHOP-YL,A1,面粉,18,,袋,,,,,")[-1] == "0 1"
    assert town.say("吴长庚", "商品").splitlines()[1] == "面粉 18 分/袋，余 30 袋，每户每月限 2"
    assert town.say("吴长庚", "商品").splitlines()[3] == "领取时间：每月5日 09:00-16:00"
    assert_books_are_right(town)


def test_books_that_somebody_changed_by_hand_are_found(town: Town) -> None:
    give_points(town, "李秀英", 100)
    town.say("戴满仓", f"核销 {order(town, '李秀英', '肥皂 2')}")
    order(town, "李秀英", "盐")

    def broken_by(change: str) -> list[str]:
        town.db.write(lambda tx: tx.execute(sa.text(change)) and None)
        return [name.split()[0] for name in broken(town.db)]

    line = "UPDATE redemption_lines SET"
    assert broken_by(f"{line} returned = 1 WHERE id = 1") == ["I26"]
    assert broken_by(f"{line} returned = 0, price = 11 WHERE id = 1") == ["I26"]
    assert broken_by(f"{line} price = 10 WHERE id = 1") == []
    me = "(SELECT person_id FROM accounts WHERE account = 'o-lixiuying')"
    assert broken_by(f"{line} clerk_id = {me} WHERE id = 1") == ["I23"]
    clerk = "(SELECT person_id FROM accounts WHERE account = 'o-daimancang')"
    assert broken_by(f"{line} clerk_id = {clerk}, count = 3 WHERE id = 1") == ["I25", "I26"]
    assert broken_by(f"{line} count = 2 WHERE id = 1") == []
    assert broken_by(f"{line} count = 2 WHERE id = 2") == ["I26b"]
    assert broken_by(f"{line} count = 1 WHERE id = 2") == []
    take = "INSERT INTO stock_takes (article_id, expected, counted, reason, by_id, at)"
    assert broken_by(f"{take} SELECT 1, 5, 6, '', person_id, 1 FROM accounts WHERE id = 1") == ["I25"]
