"""问卷: answer a survey of one's village or town, once; in private chat or on the page."""

import re
from dataclasses import dataclass

from handlers import sign_in
from handlers.announce import award_actor
from handlers.ctx import Ctx, Refused, command
from handlers.days import local_day
from handlers.place import SCAN_SECONDS
from handlers.survey_answer import WORDS_MAX, answers, example
from handlers.survey_text import shown
from nlp.slots import mask_phones, remove_ids
from store import surveys
from store.awards import Outcome
from store.surveys import Survey

TOPIC = "问卷"
LISTED_MAX = 10
FACT = "survey.answered"
APART = "回答和姓名分开保存，查不出哪一份是谁答的"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A survey as its page shows it; `state` is open, answered or ended."""

    survey: Survey
    state: str
    until: str
    points: int


@command(
    "问卷",
    grammar=r"(?:(?:编号|第)?(?P<number>\d{1,9})号?(?P<answer>(?:[\s,，、:：.。;；]|[A-Fa-f]|(?<=\s)[1-5]).*)?)?",
    usage="问卷 编号 回答",
    about="不写回答就看题目；不写编号看有哪些问卷",
    topic=TOPIC,
)
def take(ctx: Ctx, match: re.Match[str]) -> str:
    if match["number"] is None:
        return _open_ones(ctx)
    survey = find(ctx, int(match["number"]))
    text = (match["answer"] or "").strip()
    if text == "网页":
        return sign_in.offer(ctx, "me", f"/q/{survey.id}", f"问卷 {survey.id}")
    if not text:
        return _asked(ctx, survey)
    if ctx.message.chat:
        raise Refused("回答请单独发给我：在群里大家都看得见。")
    must_be_open(ctx, survey)
    if surveys.has_answered(ctx.tx, survey.id, ctx.person.id):
        raise _answered(survey)
    return answer(ctx, survey, *answers(survey, text))


def sheet(ctx: Ctx, number: int) -> Sheet:
    """What the page shows of a survey."""
    survey = find(ctx, number)
    state = "open" if is_open(ctx, survey) else "ended"
    if surveys.has_answered(ctx.tx, survey.id, ctx.person.id):
        state = "answered"
    return Sheet(survey, state, until(survey), points(ctx))


def find(ctx: Ctx, number: int) -> Survey:
    """A survey that was sent to the speaker's area; Refused for any other."""
    survey = surveys.get(ctx.tx, number)
    if survey is None or survey.state in ("draft", "dropped"):
        raise Refused(f"没有编号为 {number} 的问卷。发“问卷”看有哪些。")
    if not any(ctx.registry.holds(survey.unit_id, unit_id) for unit_id in _homes(ctx)):
        name = ctx.registry.units[survey.unit_id].name
        raise Refused(f"问卷 {number} 只给{name}的人答。您住在那里的话，请先扫一下网格的二维码，再答一次。")
    return survey


def is_open(ctx: Ctx, survey: Survey) -> bool:
    return survey.state == "open" and survey.last_day >= local_day(ctx.now)


def must_be_open(ctx: Ctx, survey: Survey) -> None:
    if not is_open(ctx, survey):
        raise Refused(f"问卷 {survey.id} 已经结束了，谢谢您。")


def answer(ctx: Ctx, survey: Survey, choices: list[int | None], words: str) -> str:
    """Count an answer, once a person. Neither the reply nor a log line says what was answered."""
    must_be_open(ctx, survey)
    words = mask_phones(remove_ids(words)[0]).strip()[:WORDS_MAX]
    if not surveys.answer(ctx.tx, survey, ctx.person.id, choices, words):
        raise _answered(survey)
    day = local_day(ctx.now)
    earned = award_actor(ctx, FACT, person_id=ctx.person.id, day=day, key=str(survey.id), number=survey.id)
    return f"问卷 {survey.id} 收到了，谢谢您！{_earned(earned)}"


def _answered(survey: Survey) -> Refused:
    return Refused(f"问卷 {survey.id} 您已经答过了，每人一次。{APART}，所以也不能改。")


def points(ctx: Ctx) -> int:
    """Shop points that an answer earns."""
    return sum(rule.points for rule in ctx.county.rules.points.of_fact(FACT) if rule.unit == "shop")


def until(survey: Survey) -> str:
    """The last day, for people: 11月30日."""
    return f"{int(survey.last_day[5:7])}月{int(survey.last_day[8:])}日"


def _earned(outcomes: list[Outcome]) -> str:
    got = sum(outcome.points for outcome in outcomes)
    if {outcome.why for outcome in outcomes} & {"frozen", "halted", "budget"}:
        return "积分暂缓发放，可以发放时自动补记。"
    return f"得 {got} 分。" if got else ""


def _asked(ctx: Ctx, survey: Survey) -> str:
    must_be_open(ctx, survey)
    reward = f"，答完得 {points(ctx)} 分" if points(ctx) else ""
    lines = [
        f"【问卷 {survey.id}】{survey.title}（{until(survey)}截止，每人一次{reward}）",
        *shown(survey.questions),
    ]
    return "\n".join(
        [*lines, f"请单独发给我：{example(survey)}", f"{APART}。也可以在网页上答：问卷 {survey.id} 网页"]
    )


def waiting(ctx: Ctx) -> list[Survey]:
    """What the speaker may still answer, newest first."""
    above = {unit.id for unit_id in _homes(ctx) for unit in ctx.registry.chain(unit_id)}
    found = surveys.open_in(ctx.tx, above, local_day(ctx.now), LISTED_MAX)
    return [one for one in found if not surveys.has_answered(ctx.tx, one.id, ctx.person.id)]


def _open_ones(ctx: Ctx) -> str:
    lines = [f"问卷 {one.id} {one.title}（{until(one)}截止）" for one in waiting(ctx)]
    return "\n".join([*lines, "看题目请发：问卷 编号"]) if lines else "现在没有要答的问卷。"


def _homes(ctx: Ctx) -> list[int]:
    """The units somebody lives or works in, and the one whose QR code was scanned today."""
    account = ctx.account
    own = [ctx.person.unit_id, *(post.unit_id for post in ctx.person.posts)]
    if account is not None and ctx.now - account.scanned_at <= SCAN_SECONDS:
        own.append(account.scanned_unit_id)
    return [unit_id for unit_id in own if unit_id is not None]
