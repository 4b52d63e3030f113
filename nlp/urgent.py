"""Recognise an emergency that is happening, and the number to call."""

import re
from bisect import bisect_left, bisect_right

from nlp.plain import plain
from nlp.rules import WORD_LENGTH_MAX, Calm, Rules
from nlp.scan import fold

PAIR_GAP_MAX = 10  # characters between the two words of a pair
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
    text = fold(plain(text))
    found: dict[str, list[Span]] = {}
    for word, start, end in rules.danger.hits(text):
        found.setdefault(rules.danger.words[word], []).append((start, end))
    if not found:
        return None
    for alarm in rules.alarms:
        spans = [span for word in alarm.words for span in found.get(word, ())]
        spans += [span for first, second in alarm.pairs for span in _pairs(text, found, first, second)]
        if any(not _calmed(text, span, rules.calm) for span in spans):
            return alarm.call
    return None


def _pairs(text: str, found: dict[str, list[Span]], first: str, second: str) -> list[Span]:
    """Where both words stand near each other in one sentence, in either order."""
    seconds, spans = found.get(second, []), []
    for one in found.get(first, ()):
        low = bisect_left(seconds, (one[0] - PAIR_GAP_MAX - WORD_LENGTH_MAX, 0))
        high = bisect_right(seconds, (one[1] + PAIR_GAP_MAX, 0))
        for other in seconds[low:high]:
            left, right = min(one, other), max(one, other)
            between = text[left[1] : right[0]]
            if len(between) <= PAIR_GAP_MAX and not _SENTENCE_END.search(between):
                spans.append((left[0], right[1]))
    return spans


def _calmed(text: str, span: Span, calm: Calm) -> bool:
    clause = _around(text, span, _CLAUSE_END)
    sentence = _around(text, span, _SENTENCE_END)
    before = text[clause[0] : span[0]]
    happening = any(word in text[clause[0] : clause[1]] for word in calm.now)
    rest = before + " " + text[span[1] : clause[1]]
    for word in calm.now:  # 怕是, 是不是: they hold a word that would deny, and do not deny
        before, rest = before.replace(word, " "), rest.replace(word, " ")
    if any(word in before[-len(word) - BEFORE_GAP_MAX :] for word in calm.before):
        return True
    if any(word in rest for word in calm.clause):
        return True
    told = text[sentence[0] : sentence[1]]
    return not happening and (bool(_DATED.search(told)) or any(word in told for word in calm.sentence))


def _around(text: str, span: Span, end: re.Pattern[str]) -> Span:
    low, high = max(0, span[0] - CONTEXT_MAX), min(len(text), span[1] + CONTEXT_MAX)
    start = max((found.end() for found in end.finditer(text, low, span[0])), default=low)
    stop = end.search(text, span[1], high)
    return start, stop.start() if stop else high
