"""Everything that is understood of one message, in one call."""

from dataclasses import dataclass

from nlp.classify import classify
from nlp.courtesy import courtesy
from nlp.plain import plain
from nlp.rules import Rules
from nlp.slots import Places, has_place
from nlp.urgent import urgent


@dataclass(frozen=True, slots=True)
class Reading:
    """All that is understood of a text before anything is decided or written."""

    text: str  # as written
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


def read(text: str, rules: Rules, places: Places) -> Reading:
    """Read a message: pure, no clock, no database; runs before the unit of work."""
    simple = plain(text)
    guess = classify(simple, rules)
    return Reading(
        text=text,
        plain=simple,
        category=guess.category,
        uncertain=guess.uncertain,
        score=guess.score,
        words=guess.words,
        runner_up=guess.runner_up,
        urgent=urgent(simple, rules),
        places=places.find(simple),
        has_place=has_place(simple),
        courtesy=courtesy(simple),
    )
