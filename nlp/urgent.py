"""Recognise an emergency that is happening, and the number to call."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from nlp.alarms import CALLS, CALM, Alarms
from nlp.classify import Mark, marks, totals
from nlp.plain import plain
from nlp.rule_file import WORD_LENGTH_MAX
from nlp.rules import Rules
from nlp.scan import Hit, fold

HAZARD_MIN = 2  # what speaks for an emergency adds to signs of one, and is none by itself
SURE = 4  # points of signs that raise the alarm in the shortest texts
_CLAUSE_END = re.compile(r"[,。!?;:.…~\s]")
_SENTENCE_END = re.compile(r"[。!?;…]")
_DATED = re.compile(r"\d{2,4}年|\d{1,2}月\d{0,2}[日号]?|[一二三四五六七八九十]月份|[年月周]前")
_BEFORE_GAPS = (0, 1)  # characters between 没有 and what there is none of

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """A sign found in a text: where it stands, what it weighs, which number it asks for."""

    name: str
    call: str
    weight: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Urgency:
    """What a text says for and against an emergency."""

    signs: tuple[Found, ...] = ()
    hints: tuple[tuple[str, int], ...] = ()  # (name, weight)
    length: int = 0  # points taken off because it is long
    score: int = 0  # of signs, hints and length
    lead: int = 0  # of the words of danger over the calm ones; 0 where there is no file of words
    call: str | None = None


NOTHING = Urgency()


def urgent(text: str, rules: Rules) -> str | None:
    """ "119", "110" or "120" where somebody is in danger now, else None."""
    return weigh(plain(text), rules).call


def weigh(simple: str, rules: Rules) -> Urgency:
    """Add up what speaks for and against an emergency in a plain text (urgent.toml says how).

    A sign that is denied, feared, practised or remembered does not count. Every block counts once,
    and of signs on the same characters only the heaviest. Where the words alone are so calm that no
    sign could raise the alarm, as nearly always, signs are not looked for. Time grows with the
    length of the text.
    """
    text = fold(simple).replace("著", "着")  # 著火: simplified texts keep this 著 for 著名
    alarms, beside = rules.alarms, rules.alarms.beside
    if rules.danger is None:
        found = _weigh_signs(text, alarms)
        hazard = sum(sign.weight for sign in found.signs)
        is_alarm = hazard >= HAZARD_MIN and found.score >= alarms.alarm_at
        return replace(found, call=_call(found.signs, {}, 1)) if is_alarm else found
    said = totals(text, rules.danger)
    calm = said.pop(CALM)
    lead = max(said.values()) - calm
    if len(text) > beside.length:
        # Words that are calm stay calm, however long they go on: without a sign they raise nothing.
        most = lead if lead >= beside.alarm_at else beside.alarm_at - 1
        lead = min(lead * beside.length // len(text), most)
    elif len(text) <= beside.short:  # 孩子丢了: too short for words to outvote a sign
        lead = max(lead, beside.alarm_at - beside.point * SURE)
    if lead + beside.point * beside.most < beside.alarm_at:
        return NOTHING
    found = replace(_weigh_signs(text, alarms), lead=lead)
    enough = beside.alarm_at if found.signs else beside.alone_at
    if lead + beside.point * min(found.score, beside.most) < enough:
        return found
    return replace(found, call=_call(found.signs, said, beside.point))


def evidence(text: str, rules: Rules) -> tuple[tuple[str, int], ...]:
    """(what, weight) of all that was weighed for the number that is called, the heaviest first.

    Nothing where no alarm was raised. Signs and hints by their name, a sign with the words it was found in.
    """
    simple = plain(text)
    found = weigh(simple, rules)
    if found.call is None:
        return ()
    point = rules.alarms.beside.point if rules.danger else 1
    told = [(f"{sign.name}（{simple[sign.start : sign.end]}）", sign.weight * point) for sign in found.signs]
    told += [(name, weight * point) for name, weight in found.hints]
    if rules.danger:
        told += _net(marks(simple, rules.danger), found.call)
    return tuple(sorted(told, key=lambda each: -abs(each[1])))


def _net(words: Iterable[Mark], call: str) -> list[tuple[str, int]]:
    """By how much each word speaks for the number rather than for calm."""
    net = {}
    for mark in words:
        weights = dict(mark.weights)
        net[mark.word] = weights.get(call, 0) - weights.get(CALM, 0)
    return [(word, weight) for word, weight in net.items() if weight]


def _weigh_signs(text: str, alarms: Alarms) -> Urgency:
    words = _words(text, alarms)
    said = _said(words, alarms)
    if not any(
        said.keys() >= way for part in said for way in alarms.needed.get(part, ())
    ):  # nearly every text
        return NOTHING
    clauses = _Clauses(text, words, alarms)
    signs = _heaviest(_signs(said, clauses, alarms))
    if not signs:
        told = any(True for _ in _signs(said, clauses, alarms, taken_back=True))
        return Urgency(score=-alarms.beside.taken_back) if told else NOTHING
    hints = tuple(
        (hint.name, hint.weight) for hint in alarms.hints if any(word in words for word in hint.words)
    )
    length = len(text) // alarms.long
    score = sum(sign.weight for sign in signs) + sum(weight for _, weight in hints) - length
    return Urgency(signs, hints, length, score)


def _call(signs: Iterable[Found], said: Mapping[str, int], point: int) -> str:
    """The number that most of the weight asks for; of equals the one that comes first in CALLS."""
    weights = {call: said.get(call, 0) for call in CALLS}
    for sign in signs:
        weights[sign.call] += sign.weight * point
    return max(weights, key=weights.__getitem__)


def _words(text: str, alarms: Alarms) -> dict[str, list[Span]]:
    """Where each word stands, from left to right; a word inside a calm phrase does not."""
    hits = alarms.scanner.all_hits(text)
    covers = [hit for hit in hits if hit[0] in alarms.phrases]
    words: dict[str, list[Span]] = {}
    for hit in hits:
        if not (covers and _covered(hit, covers)):
            words.setdefault(alarms.scanner.folded[hit[0]], []).append((hit[1], hit[2]))
    return words


def _covered(hit: Hit, covers: list[Hit]) -> bool:
    """Whether the hit lies in one of `covers` (sorted by their ends) and is not that itself."""
    for cover in covers[bisect_left(covers, hit[2], key=lambda cover: cover[2]) :]:
        if cover[2] - hit[2] > WORD_LENGTH_MAX:
            return False
        if cover[1] <= hit[1] and cover[0] != hit[0]:
            return True
    return False


class _Clauses:
    """The clauses of a text, and what stands in them against a sign."""

    def __init__(self, text: str, words: dict[str, list[Span]], alarms: Alarms) -> None:
        back = alarms.back
        self.ends = [found.start() for found in _CLAUSE_END.finditer(text)]
        self.sentences = [found.start() for found in _SENTENCE_END.finditer(text)]
        self.denied = {end for word in back.before for _, end in words.get(word, ())}
        self.feared: dict[int, int] = {}  # clause -> where the first fear in it stands
        for start, _ in _spans(back.ahead, words):
            clause = self.clause(start)
            self.feared[clause] = min(start, self.feared.get(clause, start))
        self.told = {self.clause(start) for start, _ in _spans(back.clause, words)}
        self.told |= self._past(text, words, alarms)

    def _past(self, text: str, words: dict[str, list[Span]], alarms: Alarms) -> set[int]:
        """The clauses from a word of the past, or an if, to the end of its sentence or a word of now."""
        past = {self.clause(start) for start, _ in _spans(alarms.back.onward, words)}
        past |= {self.clause(found.start()) for found in _DATED.finditer(text)}
        if not past:
            return past
        now = {self.clause(start) for start, _ in _spans(alarms.back.now, words)}
        last = {bisect_left(self.ends, end) for end in self.sentences}
        told: set[int] = set()
        going = False
        for clause in range(len(self.ends) + 1):
            going = (going or clause in past) and clause not in now
            if going:
                told.add(clause)
            going = going and clause not in last
        return told

    def clause(self, place: int) -> int:
        return bisect_left(self.ends, place)

    def one_sentence(self, start: int, end: int) -> bool:
        return bisect_left(self.sentences, start) == bisect_left(self.sentences, end)

    def takes_back(self, part: Span) -> bool:
        start = part[0]
        clause = self.clause(start)
        return (
            any(start - gap in self.denied for gap in _BEFORE_GAPS)
            or clause in self.told
            or self.feared.get(clause, start) < start
        )


def _spans(wanted: Iterable[str], words: dict[str, list[Span]]) -> Iterator[Span]:
    for word in wanted:
        yield from words.get(word, ())


def _said(words: dict[str, list[Span]], alarms: Alarms) -> dict[int, list[Span]]:
    """Where the words of each part of a sign stand."""
    said: dict[int, list[Span]] = {}
    for word, spans in words.items():
        for number in alarms.parts.get(word, ()):
            said.setdefault(number, []).extend(spans)
    return said


def _signs(
    said: dict[int, list[Span]], clauses: _Clauses, alarms: Alarms, *, taken_back: bool = False
) -> Iterator[Found]:
    """For each sign the first place where it stands and is not, or may be, taken back."""
    places: dict[int, list[Span]] = {}  # those of `said` that are not taken back, on first need
    for sign, ways in zip(alarms.signs, alarms.ways, strict=True):
        for way in ways:
            if not all(part in said for part in way):
                continue
            for part in way:
                if part not in places:
                    kept = {span for span in said[part] if taken_back or not clauses.takes_back(span)}
                    places[part] = sorted(kept)
            span = _together([places[part] for part in way], sign.within, clauses)
            if span:
                yield Found(sign.name, sign.call, sign.weight, *span)
                break


def _together(parts: list[list[Span]], within: int, clauses: _Clauses) -> Span | None:
    """The first span of one sentence that holds one of each part, in any order, near each other."""
    for first in parts[0]:
        taken = [first]
        for others in parts[1:]:
            near = _near(others, taken, within)
            if near is None:
                break
            taken.append(near)
        else:
            start, end = min(taken)[0], max(end for _, end in taken)
            if clauses.one_sentence(start, end):
                return start, end
    return None


def _near(spans: list[Span], taken: list[Span], within: int) -> Span | None:
    """The nearest span at most `within` characters away from those taken, sharing none of theirs."""
    start, end = min(taken)[0], max(end for _, end in taken)
    low = bisect_left(spans, (start - within - WORD_LENGTH_MAX, 0))
    high = bisect_right(spans, (end + within, 0))
    free = [
        (max(start - span[1], span[0] - end, 0), span)
        for span in spans[low:high]
        if start - span[1] <= within and all(span[1] <= other[0] or other[1] <= span[0] for other in taken)
    ]
    return min(free)[1] if free else None


def _heaviest(signs: Iterable[Found]) -> tuple[Found, ...]:
    """Without signs that share characters with a heavier one of the same number."""
    kept: list[Found] = []
    for sign in sorted(signs, key=lambda sign: (-sign.weight, sign.start)):
        if not any(_overlap(sign, other) for other in kept):
            kept.append(sign)
    return tuple(kept)


def _overlap(one: Found, other: Found) -> bool:
    return one.call == other.call and one.start < other.end and other.start < one.end
