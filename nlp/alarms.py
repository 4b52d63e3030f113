"""What tells an emergency: signs that add up, and words that speak for or against all of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nlp.scan import Scanner

CALLS = ("119", "110", "120")
CALM = "calm"  # the code in urgent_words.toml of what is none of them
WITHIN = 12  # characters between the parts of a sign, unless its block says otherwise

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """A block of words or of words together that tell a danger; see the head of urgent.toml."""

    call: str
    name: str
    weight: int
    within: int
    ways: tuple[tuple[Words, ...], ...]  # each way: one word out of every part, near each other
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hint:
    """Words that speak for (weight above 0) or against (below 0) whatever signs a message has."""

    name: str
    weight: int
    words: Words


@dataclass(frozen=True, slots=True)
class Back:
    """What takes single signs back; see the head of urgent.toml for each list."""

    phrases: Words = ()
    before: Words = ()
    ahead: Words = ()
    clause: Words = ()
    onward: Words = ()
    now: Words = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """How signs and the words of urgent_words.toml are added up; see [words] in urgent.toml."""

    point: int = 7
    most: int = 6
    alarm_at: int = 0
    alone_at: int = 0
    short: int = 8
    length: int = 100
    taken_back: int = 4


class Alarms:
    """All of urgent.toml, ready to scan with; never changed."""

    __slots__ = (
        *(
            "alarm_at",
            "back",
            "beside",
            "hints",
            "long",
            "needed",
            "parts",
            "phrases",
            "quiet",
            "scanner",
            "signs",
        ),
        "ways",
    )

    def __init__(
        self,
        signs: Sequence[Sign] = (),
        hints: Sequence[Hint] = (),
        back: Back = Back(),
        *,
        alarm_at: int = 3,
        long: int = 100,
        quiet: Sequence[str] = (),
        beside: Beside = Beside(),
    ) -> None:
        self.alarm_at, self.long, self.back, self.beside = alarm_at, long, back, beside
        self.signs, self.hints, self.quiet = tuple(signs), tuple(hints), tuple(quiet)
        lists: dict[Words, int] = {}
        # For each sign its ways, each a tuple of list numbers.
        self.ways = tuple(
            tuple(tuple(_number(lists, part) for part in way) for way in sign.ways) for sign in signs
        )
        # Every way by one of its lists: a text that has nothing of that list need not be asked for the rest.
        self.needed: dict[int, set[frozenset[int]]] = {}
        for way in (frozenset(way) for ways in self.ways for way in ways):
            self.needed.setdefault(min(way), set()).add(way)
        self.parts: Mapping[str, tuple[int, ...]] = _parts(lists)
        others = (back.phrases, back.before, back.ahead, back.clause, back.onward, back.now)
        words = [*self.parts, *(word for each in others for word in each)]
        words += [word for hint in hints for word in hint.words]
        self.scanner = Scanner(dict.fromkeys(words))
        hiding = frozenset(back.phrases)
        self.phrases = frozenset(which for which, word in enumerate(self.scanner.folded) if word in hiding)


def _number(lists: dict[Words, int], words: Words) -> int:
    return lists.setdefault(words, len(lists))


def _parts(lists: Mapping[Words, int]) -> dict[str, tuple[int, ...]]:
    """For each word the lists it stands in."""
    parts: dict[str, tuple[int, ...]] = {}
    for words, number in lists.items():
        for word in words:
            parts[word] = (*parts.get(word, ()), number)
    return parts


def examples(alarms: Alarms) -> Iterable[tuple[str | None, str]]:
    """(number to call, sentence) of every example in the file."""
    yield from ((sign.call, text) for sign in alarms.signs for text in sign.examples)
    yield from ((None, text) for text in alarms.quiet)
