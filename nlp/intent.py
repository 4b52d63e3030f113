"""What a person wants with a message; whatever is not surely something else is a report."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from nlp.courtesy import LEAD, Cover
from nlp.rule_file import Block, File
from nlp.scan import Scanner, fold, longest

Intent = Literal[
    "report",
    "question",
    "suggestion",
    "praise",
    "complaint",
    "progress",
    "points",
    "thanks",
    "greeting",
    "check_in",
    "patrol",
    "emergency",
]
# courtesy.py and urgent.toml decide the others.
IN_FILE = ("check_in", "patrol", "progress", "points", "complaint", "praise", "suggestion", "question")
PAIR_GAP_MAX = 12  # characters between the two words of a pair
LENGTH_MAX = 20_000


@dataclass(frozen=True)
class Wish:
    """One block of intent.toml; the head of that file says what each list is for."""

    name: Intent
    whole: tuple[str, ...]
    starts: frozenset[str]
    ends: frozenset[str]
    words: frozenset[str]
    pairs: Mapping[str, frozenset[str]]  # first word -> its second words
    unless: frozenset[str]
    length_max: int  # characters of a text that may be of this kind
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]
    needed: frozenset[str]  # one of these at least stands in every text of this kind


@dataclass(frozen=True)
class Intents:
    """The intent file of a town, ready to read with; never changed."""

    wishes: tuple[Wish, ...]
    _cover: Cover
    _of_phrase: tuple[Intent, ...]
    _scanner: Scanner


NO_INTENTS = Intents((), Cover(()), (), Scanner(()))
_LISTS = {"starts", "ends", "words", "unless"}
_KEYS = _LISTS | {"name", "whole", "pairs", "length_max", "examples", "counter_examples"}


def load(file: Path) -> Intents:
    """Raises ValueError naming file, block and reason."""
    source = File(file)
    source.block("head", source.content, {"intent"}, set())
    wishes = tuple(_wish(block) for block in source.blocks("intent", _KEYS, {"name"}))
    phrases = [(phrase, wish.name) for wish in wishes for phrase in wish.whole]
    return Intents(
        wishes,
        Cover(phrase for phrase, _ in phrases),
        tuple(name for _, name in phrases),
        Scanner(dict.fromkeys(_words(wishes))),
    )


def intent(text: str, intents: Intents) -> Intent:
    """What a plain text wants, of the kinds in IN_FILE; "report" where none of them is sure."""
    which = intents._cover.find(text)
    if which is not None:
        return intents._of_phrase[which]
    text = fold(text[:LENGTH_MAX])
    hits = intents._scanner.all_hits(text)
    found: dict[str, list[tuple[int, int]]] = {}
    for word, start, end in longest(hits):
        found.setdefault(intents._scanner.words[word], []).append((start, end))
    if found:
        # 坏了 hides 坏 where a kind is looked for, not where it is ruled out.
        anywhere = {intents._scanner.words[hit[0]] for hit in hits}
        lead = LEAD.match(text)
        inner = lead.end() if lead else 0, len(text.rstrip(" ,.。!?~…;:"))
        for wish in intents.wishes:
            if (
                not wish.needed.isdisjoint(found)
                and len(text) <= wish.length_max
                and wish.unless.isdisjoint(anywhere)
                and _wishes(wish, found, inner)
            ):
                return wish.name
    return "report"


def _wish(block: Block) -> Wish:
    name = block.text("name")
    if name not in IN_FILE:
        block.refuse(f'"name" must be one of {", ".join(IN_FILE)}')
    lists = {key: frozenset(block.words(key)) for key in _LISTS}
    partners: dict[str, list[str]] = {}
    for one, other in block.pairs("pairs"):
        partners.setdefault(one, []).append(other)
    return Wish(
        name=next(known for known in get_args(Intent) if known == name),
        whole=block.texts("whole"),
        pairs=MappingProxyType({one: frozenset(other) for one, other in partners.items()}),
        length_max=block.number("length_max", LENGTH_MAX, 1, LENGTH_MAX),
        examples=block.texts("examples"),
        counter_examples=block.texts("counter_examples"),
        needed=frozenset(partners).union(lists["starts"], lists["ends"], lists["words"]),
        **lists,
    )


def _words(wishes: Iterable[Wish]) -> Iterable[str]:
    for wish in wishes:
        yield from sorted(wish.starts | wish.ends | wish.words | wish.unless)
        for one, others in wish.pairs.items():
            yield from (one, *sorted(others))


def _wishes(wish: Wish, found: dict[str, list[tuple[int, int]]], inner: tuple[int, int]) -> bool:
    return (
        not wish.words.isdisjoint(found)
        or any(found[word][0][0] <= inner[0] for word in wish.starts & found.keys())
        or any(found[word][-1][1] == inner[1] for word in wish.ends & found.keys())
        or any(
            _near(found[one], found[other])
            for one in wish.pairs.keys() & found.keys()
            for other in wish.pairs[one] & found.keys()
        )
    )


def _near(firsts: list[tuple[int, int]], seconds: list[tuple[int, int]]) -> bool:
    """Whether a second word follows a first one at most PAIR_GAP_MAX characters later."""
    waiting = iter(seconds)
    second = next(waiting, None)
    for _, end in firsts:
        while second is not None and second[0] < end:
            second = next(waiting, None)
        if second is not None and second[0] - end <= PAIR_GAP_MAX:
            return True
    return False
