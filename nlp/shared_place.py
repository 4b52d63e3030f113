"""The place that several reports share, under whatever names, and how its name goes on."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from functools import cache
from itertools import chain

from nlp.notes import PEOPLE_MIN, RUN, Notes
from nlp.place_names import NAME_LENGTH_MIN, may_be_one, without_area

OFTEN_MIN = 0.8  # as often as the place most people share, the longest name is taken
NAMED_MIN = 0.2  # of those who speak of a place give it a name that ends like one
SAME_MIN = 0.9  # of those who write a name write its next character alike
BESIDE = 6  # characters on both sides; who writes them alike has copied
WIDER_MAX = 6  # characters more


def place_of(notes: Notes, ids: frozenset[int]) -> str:
    """The place these share, asked again and again; empty where there is none."""
    if ids not in notes.known_places:
        notes.known_places[ids] = _shared(notes, ids)
    return notes.known_places[ids]


def _shared(notes: Notes, ids: frozenset[int]) -> str:
    """The place name half of the people share, in titles if possible; empty where there is none."""
    in_titles: dict[int, set[str]] = defaultdict(set)
    anywhere: dict[int, set[str]] = defaultdict(set)
    for each in ids:
        user = notes.users[each]
        in_titles[user] |= notes[each].title_places
        anywhere[user] |= notes[each].places
    beginnings = {
        user: {name[:NAME_LENGTH_MIN] for name in names} for user, names in in_titles.items()
    }  # of a place that has several names: 瑞丰新时代广场, 瑞丰新时代商场
    for named in (in_titles, anywhere, beginnings):
        counts = Counter(place for places in named.values() for place in places)
        most = max(counts.values(), default=0)
        if most and most >= max(len(named) / 2, min(PEOPLE_MIN, len(named))):
            often = [place for place, many in counts.items() if many >= OFTEN_MIN * most]
            return widened(notes, max(often, key=lambda place: (len(place), place)), ids)
    return _called(notes, beginnings, ids)


def _called(notes: Notes, beginnings: Mapping[int, Collection[str]], ids: Collection[int]) -> str:
    """How some people's name of a place begins, where half of all write so much of it; else empty."""
    counts = Counter(chain.from_iterable(beginnings.values()))
    needed = max(PEOPLE_MIN, NAMED_MIN * len(beginnings))
    writing = {
        begin: len({notes.users[each] for each in ids if begin in notes[each].text})
        for begin, many in counts.items()
        if many >= needed
    }
    best = max(writing, key=lambda begin: (writing[begin], begin), default="")
    return widened(notes, best, ids) if best and 2 * writing[best] >= len(beginnings) else ""


def is_elsewhere(notes: Notes, position: int, name: str, place: str) -> bool:
    """Whether the title names a place and the text not the shared one."""
    note = notes[position]
    if not note.title_places or (place and place in note.text):
        return False
    return not any(
        name in each or each in name or (place and may_be_one(each, place)) for each in note.title_places
    )


def widened(notes: Notes, name: str, ids: Collection[int]) -> str:
    """The name with what nearly all who write it write before and after: 南山十里 is 南山十里天池."""
    # Of a letter that was copied one copy counts: its every word is written alike.
    beside = {_beside(notes[each].text, name) for each in ids if name in notes[each].text}
    texts = sorted(beside)
    given = name
    while len(name) < len(given) + WIDER_MAX:
        longer = Counter(wider for text in texts for wider in _wider(text, name))
        best, many = max(longer.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        if many < SAME_MIN * len(texts) or len(texts) < 2:
            break
        name = best
    else:  # a letter that was copied, with some words changed: it would go on and on
        name = given
    return without_area(name)


def _beside(text: str, name: str) -> str:
    """The name as it stands in the text, with as much before and after as it may be widened by."""
    start = text.find(name)
    return text[max(0, start - BESIDE) : start + len(name) + BESIDE]


def _wider(text: str, name: str) -> list[str]:
    """The name with the character before it and with the one after it, where it first stands."""
    start = text.find(name)
    if start < 0:
        return []
    end = start + len(name)
    before, after = text[start - 1 : start], text[end : end + 1]
    return [
        wider for char, wider in ((before, before + name), (after, name + after)) if char and _goes_on(char)
    ]


@cache
def _goes_on(char: str) -> bool:
    return RUN.fullmatch(char) is not None
