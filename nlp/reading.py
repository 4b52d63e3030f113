"""Everything that is understood of one message, in one call."""

from dataclasses import dataclass

from nlp.answers import NO_ANSWERS, Answers, answer
from nlp.classify import classify
from nlp.courtesy import courtesy
from nlp.intent import NO_INTENTS, Intent, Intents, intent
from nlp.matters import matters
from nlp.plain import plain
from nlp.rules import Rules
from nlp.slots import Places, has_place, remove_ids
from nlp.urgent import weigh


@dataclass(frozen=True, slots=True)
class Reading:
    """All that is understood of a text before anything is decided or written."""

    text: str  # as written, without ID numbers
    plain: str
    category: str
    uncertain: bool
    score: float
    words: tuple[str, ...]
    runner_up: str | None
    urgent: str | None  # the number to call
    places: tuple[int, ...]  # ids of the units named
    has_place: bool
    courtesy: str | None  # greeting | thanks, where it is nothing else
    intent: Intent = "report"
    answer: str | None = None  # from answers.toml, where that covers the whole question
    matters: tuple[str, ...] = ()  # where it lists several, each by itself
    had_id: bool = False  # an ID number was taken out


def read(
    text: str,
    rules: Rules,
    places: Places,
    intents: Intents = NO_INTENTS,
    answers: Answers = NO_ANSWERS,
) -> Reading:
    """Read a message: pure, no clock, no database; runs before the unit of work."""
    text, had_id = remove_ids(text)
    simple = plain(text)
    guess = classify(text, rules)
    call = weigh(simple, rules).call
    polite = None if call else courtesy(simple)
    several = matters(text, rules)
    return Reading(
        text=text,
        plain=simple,
        category=guess.category,
        uncertain=guess.uncertain,
        score=guess.score,
        words=guess.words,
        runner_up=guess.runner_up,
        urgent=call,
        places=places.find(simple),
        has_place=has_place(simple),
        courtesy=polite,
        intent="emergency" if call else _polite(polite) or intent(simple, intents),
        answer=None if call or polite else answer(simple, answers),
        matters=several if len(several) > 1 else (),
        had_id=had_id,
    )


def _polite(courtesy: str | None) -> Intent | None:
    return "thanks" if courtesy == "thanks" else "greeting" if courtesy else None
