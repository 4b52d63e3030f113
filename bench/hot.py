"""How long hot issues take: `measure(reports)` clusters that many made-up messages of a busy year."""

import random
import time
from itertools import product

from bot.collector import kept_away
from nlp.hot import cluster
from nlp.reports import Report

YEAR = 360 * 86_400
STEMS = "云青白石金银长望晨春夏秋柳松梅兰竹荷枫桂东西南北上下福安康宁"
ENDS = ["花园", "小区", "路", "村", "街", "新城", "家园", "苑"]
PLACES = [one + other + end for one, other in product(STEMS, STEMS) for end in ENDS]
THINGS = [
    "路灯",
    "井盖",
    "下水道",
    "电梯",
    "自来水",
    "公交车",
    "垃圾站",
    "搅拌站",
    "停车位",
    "工地",
    "广场舞",
    "燃气",
]
WRONGS = [
    "坏了没人修",
    "半夜太吵",
    "堵了半个月",
    "收费不合理",
    "一直没有开通",
    "漏水严重",
    "被人占用",
    "味道很大",
]
SAID = [
    "多次向有关部门反映，一直没有得到答复，希望领导重视",
    "家里有老人和孩子，晚上根本睡不着，白天也没有精神",
    "物业说不归他们管，社区让找街道，街道又让找物业",
    "从去年开始就这样，附近的居民意见很大，天天在群里说",
    "请派人到现场来看一看，给大家一个明确的时间",
    "下雨天积水很深，上下学的孩子只能绕路走，非常危险",
    "签合同的时候说得好好的，交了钱以后就没有人理了",
    "我们查了文件，规定写得很清楚，为什么不按规定执行",
]


def reports(size: int) -> list[Report]:
    """So many messages of about 150 characters, some places and matters far more often than others."""
    chosen = random.Random(size)
    made = []
    for number in range(size):
        place = PLACES[int(len(PLACES) * chosen.random() ** 3)]
        thing, wrong = chosen.choice(THINGS), chosen.choice(WRONGS)
        detail = f"我住在{place}{chosen.randrange(1, 40)}栋，这里的{thing}{wrong}。" + "。".join(
            chosen.sample(SAID, 5)
        )
        at = chosen.randrange(YEAR)
        made.append(
            Report(str(number), f"u{chosen.randrange(size)}", f"{place}{thing}{wrong}", at, detail, 0)
        )
    return made


def measure(size: int = 100_000) -> dict[str, float]:
    """Processor seconds of one core, and how many issues were found."""
    given = reports(size)
    started = time.process_time()
    with kept_away():
        found = cluster(given)
    return {
        "reports": size,
        "seconds": round(time.process_time() - started, 2),
        "issues": len(found),
    }
