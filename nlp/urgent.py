"""Recognise an emergency that is happening, and the number to call."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from nlp.plain import plain
from nlp.rules import WORD_LENGTH_MAX, Calm, Rules
from nlp.scan import Hit, fold

PAIR_GAP_MAX = 14  # characters between the two words of a pair
CONTEXT_MAX = 100  # characters of a clause or sentence that are looked at on either side
BEFORE_GAP_MAX = 1  # characters between 没有 and what there is none of
_CLAUSE_END = re.compile(r"[,。!?;:.…~\s]")
_SENTENCE_END = re.compile(r"[。!?;…]")
_DATED = re.compile(r"\d{2,4}年|\d{1,2}月\d{0,2}|年前|月前|周前")

Span = tuple[int, int]


def urgent(text: str, rules: Rules) -> str | None:
    """ "119", "110" or "120" where somebody is in danger now, else None.

    Words that deny it, fear it, remember it or practise it take an alarm back (urgent.toml says
    which). Of several numbers the one that stands first in the file is returned.
    """
    text = fold(plain(text)).replace("著", "着")  # 著火: simplified texts keep this 著 for 著名
    hits = rules.danger.hits(text)
    if not hits:
        return None
    ready = _ready(rules)
    found = _found(hits, ready)
    for alarm, words, partners in zip(rules.alarms, ready.words, ready.partners, strict=True):
        spans = [span for word, here in found.items() if word in words for span in here]
        for first in partners.keys() & found.keys():
            for second in partners[first] & found.keys():
                spans += _pairs(text, found[first], found[second], rules.calm)
        if any(not _calmed(text, span, rules.calm) for span in spans):
            return alarm.call
    return None


@dataclass(frozen=True, slots=True)
class _Ready:
    """What is worked out once of a county's alarms."""

    inside: list[list[tuple[str, int]]]  # for each word all words that lie in it, and where they begin
    words: list[frozenset[str]]  # for each alarm
    partners: list[dict[str, set[str]]]  # for each alarm: first word of a pair -> its second words


_kept: dict[int, tuple[Rules, _Ready]] = {}
_KEPT_MAX = 8  # rules in use at one time: a county's old ones end with the last message read by them


def _ready(rules: Rules) -> _Ready:
    """By identity: to hash thousands of pairs for every message would take longer than to read it."""
    kept = _kept.get(id(rules))
    if kept is not None and kept[0] is rules:
        return kept[1]
    ready = _Ready(
        _inside(rules.danger.words, frozenset(rules.calm.phrases)),
        [frozenset(alarm.words) for alarm in rules.alarms],
        [_partners(alarm.pairs) for alarm in rules.alarms],
    )
    if len(_kept) >= _KEPT_MAX:
        _kept.clear()
    _kept[id(rules)] = rules, ready
    return ready


def _inside(words: Sequence[str], phrases: frozenset[str]) -> list[list[tuple[str, int]]]:
    """A word in a longer one counts too (痴呆 in 老年痴呆), unless that is a calm phrase."""
    known = set(words)
    return [
        [(word, 0)]
        if word in phrases
        else [
            (word[start:end], start)
            for start in range(len(word))
            for end in range(start + 1, len(word) + 1)
            if word[start:end] in known
        ]
        for word in words
    ]


def _partners(pairs: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    partners: dict[str, set[str]] = {}
    for first, second in pairs:
        partners.setdefault(first, set()).add(second)
    return partners


def _found(hits: Iterable[Hit], ready: _Ready) -> dict[str, list[Span]]:
    """Where each word stands, from left to right."""
    found: dict[str, set[Span]] = {}
    for which, start, _ in hits:
        for word, offset in ready.inside[which]:
            found.setdefault(word, set()).add((start + offset, start + offset + len(word)))
    return {word: sorted(spans) for word, spans in found.items()}


def _pairs(text: str, firsts: list[Span], seconds: list[Span], calm: Calm) -> Iterator[Span]:
    """Where two words stand near each other in one sentence, in either order, and nothing between
    them denies or fears what they tell."""
    for one in firsts:
        low = bisect_left(seconds, (one[0] - PAIR_GAP_MAX - WORD_LENGTH_MAX, 0))
        high = bisect_right(seconds, (one[1] + PAIR_GAP_MAX, 0))
        for other in seconds[low:high]:
            left, right = min(one, other), max(one, other)
            between = text[left[1] : right[0]]
            if len(between) > PAIR_GAP_MAX or _SENTENCE_END.search(between):
                continue
            if not _denied(between, calm) and not _feared(between, calm):
                yield left[0], right[1]


def _denied(before: str, calm: Calm) -> bool:
    return any(word in before[-len(word) - BEFORE_GAP_MAX :] for word in calm.before)


def _feared(text: str, calm: Calm) -> bool:
    return any(word in _without_now(text, calm) for word in calm.clause)


def _without_now(text: str, calm: Calm) -> str:
    """The text without 怕是, 是不是 …: they hold a word that would deny, and do not deny."""
    for word in calm.now:
        text = text.replace(word, " ")
    return text


def _calmed(text: str, span: Span, calm: Calm) -> bool:
    clause = _around(text, span, _CLAUSE_END)
    sentence = _around(text, span, _SENTENCE_END)
    before = text[clause[0] : span[0]]
    happening = any(word in text[clause[0] : clause[1]] for word in calm.now)
    before, after = _without_now(before, calm), _without_now(text[span[1] : clause[1]], calm)
    if _denied(before, calm) or any(word in before + " " + after for word in calm.clause):
        return True
    told = text[sentence[0] : sentence[1]]
    return not happening and (bool(_DATED.search(told)) or any(word in told for word in calm.sentence))


def _around(text: str, span: Span, end: re.Pattern[str]) -> Span:
    low, high = max(0, span[0] - CONTEXT_MAX), min(len(text), span[1] + CONTEXT_MAX)
    start = max((found.end() for found in end.finditer(text, low, span[0])), default=low)
    stop = end.search(text, span[1], high)
    return start, stop.start() if stop else high
