"""What the corrections of dispatchers say about the words of a rule file; it proposes, it changes nothing."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from nlp.classify import classify, marks
from nlp.plain import plain
from nlp.rule_edit import edited
from nlp.rules import Rules

TEXTS_MIN = 2  # one correction may be a slip: a word is proposed from two on
TRIED_MAX = 60
WEIGHT_MAX = 24
WORD_LENGTH = range(2, 7)
_RUN = re.compile("[\u4e00-\u9fff]+")
# No word begins or ends with these.
_EDGE = set(
    "的了是在我们你他她它有和与及或也都很就还又再才已被把将让给从为对向到等这那哪什么吗呢吧啊呀请您且而但因所着过没不去来要能会个上下里"
)

Action = Literal["add", "drop", "weigh"]


@dataclass(frozen=True, slots=True)
class Past:
    """A case of the past: what people say it is, and what the rules had said where that was wrong."""

    number: int
    text: str
    category: str
    was: str = ""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One change of one weight, with the numbers of the cases that speak for it and against it.

    `before` is 0 for a word to add, `after` 0 for one to drop. `mends` and `breaks` are what the change
    alone would sort rightly and wrongly among the past cases.
    """

    action: Action
    category: str
    word: str
    before: int
    after: int
    evidence: tuple[int, ...]
    against: tuple[int, ...]
    mends: tuple[int, ...]
    breaks: tuple[int, ...]


def suggest(past: Sequence[Past], source: str, load: Callable[[str], Rules]) -> list[Suggestion]:
    """Changes of the rule file `source` that mend more past cases than they break, the best first.

    `load` makes rules of a file's text. Deterministic: the same past gives the same list.
    """
    rules = load(source)
    found = [*_too_heavy(past, rules), *_missing(past, rules)]
    found.sort(key=lambda each: (-len(each.evidence), each.category, each.word))
    before = [classify(each.text, rules).category for each in past]
    tried = []
    for each in found[:TRIED_MAX]:
        after = load(edited(source, [each]))
        mends, breaks = _effect(past, before, after)
        if len(mends) > len(breaks):
            tried.append(
                Suggestion(
                    each.action,
                    each.category,
                    each.word,
                    each.before,
                    each.after,
                    each.evidence,
                    each.against,
                    mends,
                    breaks,
                )
            )
    return sorted(tried, key=lambda each: (len(each.breaks) - len(each.mends), each.category, each.word))


def _effect(
    past: Sequence[Past], before: Sequence[str], after: Rules
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    mends, breaks = [], []
    for each, old in zip(past, before, strict=True):
        new = classify(each.text, after).category
        if new == each.category != old:
            mends.append(each.number)
        elif old == each.category != new:
            breaks.append(each.number)
    return tuple(mends), tuple(breaks)


def _too_heavy(past: Sequence[Past], rules: Rules) -> Iterable[Suggestion]:
    """Words that spoke for a wrong category more often than they spoke for a right one."""
    wrong: dict[tuple[str, str], list[int]] = defaultdict(list)
    right: dict[tuple[str, str], list[int]] = defaultdict(list)
    for each in past:
        for code, word in _spoken(each.text, rules):
            if code == each.category:
                right[code, word].append(each.number)
            elif code == each.was:
                wrong[code, word].append(each.number)
    for (code, word), numbers in wrong.items():
        kept = right.get((code, word), [])
        if len(numbers) >= TEXTS_MIN and len(numbers) > len(kept):
            weight = rules.by_code[code].keywords.get(word, 0)
            after = max(1, weight // 2) if kept else 0
            if 0 < weight != after:
                action: Action = "weigh" if after else "drop"
                yield Suggestion(action, code, word, weight, after, tuple(numbers), tuple(kept), (), ())


def _spoken(text: str, rules: Rules) -> set[tuple[str, str]]:
    """(category, word) of the words of a text that speak for a category."""
    return {(code, mark.word) for mark in marks(text, rules) for code, weight in mark.weights if weight > 0}


def _missing(past: Sequence[Past], rules: Rules) -> Iterable[Suggestion]:
    """Words that several corrected texts of one category share, and texts of others hardly have."""
    candidates: dict[tuple[str, str], list[Past]] = defaultdict(list)
    for each in past:
        if each.was and each.category in rules.by_code:
            for word in _words(each.text):
                candidates[each.category, word].append(each)
    shared = {key: found for key, found in candidates.items() if len(found) >= TEXTS_MIN}
    longer: dict[tuple[str, tuple[int, ...]], list[str]] = defaultdict(list)
    for (code, word), found in shared.items():
        longer[code, tuple(each.number for each in found)].append(word)
    elsewhere: dict[str, list[Past]] = defaultdict(list)
    words = {word for _, word in shared}
    for each in past:
        for word in _words(each.text) & words:
            elsewhere[word].append(each)
    for (code, word), found in shared.items():
        against = [each.number for each in elsewhere[word] if each.category != code]
        says_more = longer[code, tuple(each.number for each in found)]
        if len(against) * 4 > len(found) or any(word != other and word in other for other in says_more):
            continue
        before = rules.by_code[code].keywords.get(word, 0)
        after = min(WEIGHT_MAX, max(before, 0) + max(_needed(each, rules) for each in found))
        if before >= 0 and after > before:
            numbers = tuple(each.number for each in found)
            action: Action = "weigh" if before else "add"
            yield Suggestion(action, code, word, before, after, numbers, tuple(against), (), ())


def _needed(each: Past, rules: Rules) -> int:
    """The weight that would have put the text into its category, by the margin of the file."""
    totals: dict[str, int] = defaultdict(int)
    for word in {mark.word: mark for mark in marks(each.text, rules)}.values():
        for code, weight in word.weights:
            totals[code] += weight
    lead = max((total for code, total in totals.items() if code != each.category), default=0)
    return max(1, lead - totals[each.category] + rules.margin)


def _words(text: str) -> set[str]:
    """Runs of Chinese characters that may be words: none begins or ends with a function word."""
    found: set[str] = set()
    for run in _RUN.findall(plain(text)):
        for length in WORD_LENGTH:
            for start in range(len(run) - length + 1):
                word = run[start : start + length]
                if word[0] not in _EDGE and word[-1] not in _EDGE:
                    found.add(word)
    return found
