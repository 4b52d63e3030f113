"""What is read out of a message: its plain form, emergencies, places, telephones, courtesy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp import Reading, read
from nlp.classify import classify
from nlp.courtesy import courtesy
from nlp.plain import plain
from nlp.slots import Places, has_place, mask_phones
from nlp.urgent import urgent
from tests.town_rules import RULES

PLACES = Places.build(
    [
        ("青河镇", 1),
        ("桃花村", 2),
        ("桃花村三组", 3),
        ("幸福社区", 4),
        ("幸福社区第二网格", 5),
        ("2组", 6),
        ("村", 7),
    ]
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("３号楼　井盖破损ＡＢＣ", "3号楼 井盖破损ABC"),
        ("路燈壞了，沒人來修", "路灯坏了,没人来修"),
        ("停\u200b水\ufeff了\x00", "停水了"),
        ("  停水\r\n\n\t了  ", "停水 了"),
        ("谢谢[微笑][Smile]好🙏🏻的❤️", "谢谢 好 的"),
        ("3️⃣号楼", "3 号楼"),
        ("\ud83d坏的一半", "坏的一半"),
        ("", ""),
    ],
)
def test_a_text_is_brought_into_its_plain_form(written: str, expected: str) -> None:
    assert plain(written) == expected


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_plain_of_plain_changes_nothing_for_any_text(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all_can_be_read(text: str) -> None:
    reading = read(text, RULES, PLACES)
    assert (reading.text, reading.category in RULES.by_code) == (text, True)


@pytest.mark.parametrize(
    "text",
    [
        "着火" * 10_000,
        "谢的" * 10_000,
        "3号" * 10_000,
        "孩子不见了" * 4_000,
        "一" * 20_000,
        "怕着火" * 6_000,
        "1" * 20_000,
        "[" * 20_000,
    ],
)
def test_a_very_long_text_is_read_without_getting_stuck(text: str) -> None:
    assert read(text, RULES, PLACES).text == text


ALARMS = [(sign.call, example) for sign in RULES.alarms.signs for example in sign.examples] + [
    ("119", "电影院着火了，里面还有人"),
    ("119", "住院部起火"),
    ("119", "该不会是着火了吧，三楼一直冒浓烟"),
    ("119", "太可怕了，加油站爆炸了"),
    ("119", "著火了！不是，是着火了！快来"),
    ("119", "没多久就烧起来了，火灭不了"),
    ("119", "挖机把管子挖断了，天然气味道很大"),
    ("119", "仓库那边有浓烟，窗户都黑了"),
    ("110", "有人持刀追着人跑"),
    ("110", "孙女放学到现在没有回家"),
    ("110", "喝醉的人在店里砸店"),
    ("110", "菜市场在打架，动刀了"),
    ("120", "老板把人逼得要跳楼"),
    ("120", "有人落水了，在桥下面"),
    ("120", "奶奶摔在地上叫不醒"),
    ("120", "路口车祸，两个人流血"),
    ("120", "我活不下去了，药都买好了"),
    ("120", "他被毒蛇咬了手"),
]
QUIET = [
    *RULES.alarms.quiet,
    "幸福社区3号楼井盖破损",
    "消防通道堵了，万一起火消防车进不来",
    "家里没有着火，烟是烧柴的",
    "灭火器过期",
    "燃气灶打不着火",
    "怕着火，请把电瓶车拖走",
    "厨房没有煤气味",
    "停车位被抢了两次",
    "2019年我丈夫在工地坠楼，赔偿一直没给",
    "三月份的火灾之后，房子烧了，想申请救助",
    "防溺水标志牌掉了",
    "学校搞反恐演练，假装有人持刀",
    "小狗走丢了，黄色的",
    "医生说可能会休克，医保能报销吗",
    "电线老化，迟早要着火",
    "路灯不亮，老人容易摔断腿",
    "不是打群架，是在拍戏",
    "请问自杀干预热线宣传册在哪里领",
    "楼上吵架，声音很大",
]


@pytest.mark.parametrize(("call", "text"), ALARMS)
def test_an_emergency_gets_the_number_to_call(call: str, text: str) -> None:
    assert urgent(text, RULES) == call


@pytest.mark.parametrize("text", QUIET)
def test_what_is_feared_denied_practised_or_long_past_is_no_emergency(text: str) -> None:
    assert urgent(text, RULES) is None


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("青河镇桃花村三组路灯不亮", (1, 3)),
        ("桃花村的垃圾，桃花村！", (2,)),
        ("幸福社区2网格井盖", (5,)),
        ("幸福社區第二網格井蓋", (5,)),
        ("幸福社区２网格", (5,)),
        ("桃花村12组停水", (2,)),
        ("桃花村十二组停水", (2,)),
        ("2组停水，幸福社区也停", (6, 4)),
        ("我们村停水", ()),
        ("", ()),
    ],
)
def test_the_longest_registered_names_are_found_in_a_text(text: str, units: tuple[int, ...]) -> None:
    assert PLACES.find(text) == units


def test_a_name_borne_by_two_units_gives_both_and_two_names_of_a_unit_give_it_once() -> None:
    places = Places.build([("三组", 8), ("三组", 9), ("第三组", 8), ("老街", 10), ("老街坊", 10)])
    assert (places.find("三组的老街和老街坊"), Places.build([]).find("老街")) == ((8, 9, 10), ())


@pytest.mark.parametrize(
    "text",
    [
        "3号楼井盖破了",
        "建设路中段积水",
        "学校门口摆摊",
        "我家门前",
        "村口有狗",
        "桃花村三组",
        "二单元漏水",
        "菜场旁边",
        "A栋停电",
    ],
)
def test_something_like_an_address_is_seen(text: str) -> None:
    assert has_place(text) is True


@pytest.mark.parametrize(
    "text", ["路灯坏了", "走投无路", "半路堵车", "我们村没水", "医保怎么报销", "马路上有坑", "楼道有人抽烟"]
)
def test_a_text_that_does_not_say_where_is_seen_as_such(text: str) -> None:
    assert has_place(text) is False


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("我电话13812345678，谢谢", "我电话138****5678，谢谢"),
        ("138-1234-5678", "138****5678"),
        ("+8613812345678", "+86138****5678"),
        ("座机0818-7654321", "座机0818-****321"),
        ("身份证11010119900307123X", "身份证110*************3X"),
        ("编号1001，2024年3月15日，138123456789012", "编号1001，2024年3月15日，138123456789012"),
    ],
)
def test_telephone_and_id_numbers_are_made_unreadable(written: str, masked: str) -> None:
    assert mask_phones(written) == masked


@pytest.mark.parametrize(
    "text",
    [
        "你好",
        "您好，在吗？",
        "在不在",
        "早上好[太阳]",
        "请问有人吗",
        "领导您好！",
        "喂",
        "",
        "？？？",
        "🙏🙏",
        "Hello",
        "哈喽～",
    ],
)
def test_a_greeting_with_nothing_left_is_a_greeting(text: str) -> None:
    assert courtesy(text) == "greeting"


@pytest.mark.parametrize(
    "text",
    [
        "谢谢",
        "非常感谢！",
        "谢谢领导的关心、帮助",
        "辛苦了[玫瑰]",
        "好的",
        "收到",
        "嗯嗯",
        "ＯＫ",
        "你好，谢谢您",
        "好的 收到，辛苦了",
        "知道了",
    ],
)
def test_thanks_with_nothing_left_are_thanks(text: str) -> None:
    assert courtesy(text) == "thanks"


@pytest.mark.parametrize(
    "text",
    [
        "感谢帮忙解决上次的退款，剩余一万多元也希望讨回",
        "谢谢，路灯修好了但是又坏了",
        "你好，我想问下",
        "早上没水",
        "早市",
        "帮助",
        "不满意",
        "不行",
        "积分",
        "1",
        "麻烦尽快处理",
        "井盖破了",
        "谢谢您" * 14,
    ],
)
def test_where_anything_else_is_said_it_is_no_mere_courtesy(text: str) -> None:
    assert courtesy(text) is None


def test_a_message_is_read_in_one_call() -> None:
    written = "幸福社區第二網格３號樓停水了[微笑]"
    assert read(written, RULES, PLACES) == Reading(
        text=written,
        plain="幸福社区第二网格3号楼停水了",
        category="utilities",
        uncertain=False,
        score=classify(written, RULES).score,
        words=("停水",),
        runner_up=None,
        urgent=None,
        places=(5,),
        has_place=True,
        courtesy=None,
    )
