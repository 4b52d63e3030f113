"""What somebody applies for points for: which rule a text means, and which day."""

import re
from datetime import date, timedelta

from handlers.ctx import Ctx, Refused
from handlers.days import local
from handlers.points_rules import PointsRule
from nlp.plain import plain

DAYS_BACK = 30
_AGO = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2, "前日": 2}
DAY = re.compile(
    rf"(?P<word>{'|'.join(_AGO)})|(?:(?P<year>20\d\d)[-./年])?(?P<month>\d{{1,2}})月(?P<day>\d{{1,2}})[日号]?"
    r"|(?P<iso>20\d\d-\d{1,2}-\d{1,2})"
)


def rules_of(ctx: Ctx) -> tuple[PointsRule, ...]:
    """What may be applied for."""
    return ctx.county.rules.points.of_path("application")


def rule_of(ctx: Ctx, text: str) -> PointsRule:
    """The rule that the text names; else the one whose words it holds most of."""
    said = plain(text)
    rules = rules_of(ctx)
    titled = sorted((rule for rule in rules if rule.title in said), key=lambda rule: said.index(rule.title))
    if titled:
        # 协助巡查 holds no other title, but 志愿服务宣传 does: what is said first counts, the longer of two.
        first = said.index(titled[0].title)
        return max((r for r in titled if said.index(r.title) == first), key=lambda rule: len(rule.title))
    counts = {rule: sum(word in said for word in rule.words.split()) for rule in rules}
    most = max(counts.values(), default=0)
    best = [rule for rule, count in counts.items() if count == most]
    if not most or len(best) > 1:
        raise Refused(f"没看出申请哪一项，请写上项目名。\n{offer(ctx)}")
    return best[0]


def is_named(ctx: Ctx, text: str) -> bool:
    """Whether a text says anything of what may be applied for."""
    said = plain(text)
    return any(word in said for rule in rules_of(ctx) for word in (rule.title, *rule.words.split()))


def offer(ctx: Ctx) -> str:
    rules = rules_of(ctx)
    if not rules:
        return "本地还没有可以申请积分的项目。"
    titles = "、".join(
        f"{rule.title} {rule.points} 分{'（要照片）' if rule.evidence == 'photo' else ''}" for rule in rules
    )
    return f"可以申请：{titles}。\n请这样发：申请积分 {rules[0].title} 昨天 做了什么"


def day_of(ctx: Ctx, text: str) -> str:
    """The day that is told, today where none is; not one to come, and not long ago."""
    today = local(ctx.now).date()
    told = _told_day(plain(text), today)
    if told is None:
        raise Refused("没看懂是哪一天，请写成 11月22日 这样。")
    if not today - timedelta(days=DAYS_BACK) <= told <= today:
        raise Refused(f"只能申请最近 {DAYS_BACK} 天里已经做了的事。")
    return told.isoformat()


def _told_day(text: str, today: date) -> date | None:
    match = DAY.search(text)
    if match is None:
        return today
    if match["word"]:
        return today - timedelta(days=_AGO[match["word"]])
    try:
        if match["iso"]:
            return date(*map(int, match["iso"].split("-")))
        told = date(int(match["year"] or today.year), int(match["month"]), int(match["day"]))
        return told if match["year"] or told <= today else told.replace(year=today.year - 1)
    except ValueError:
        return None
