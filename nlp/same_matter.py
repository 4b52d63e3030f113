"""Of the reports that hold one name, those that say the same of it; a name with many matters has none."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain
from statistics import median
from typing import NamedTuple

from nlp.notes import Notes, Written

LIFT_MIN = 3  # a matter's pair is that many times as frequent among its reports as elsewhere
SHARED_MIN = 0.3  # of a matter's people have a pair that belongs to its profile
FITS_MIN = 0.4  # of the median score makes a report one of the matter
COHESION_MIN = 0.13  # of what its reports say, by weight, is said in common
TITLE_COHESION_MIN, TEXT_COHESION_MIN = 0.2, 0.04  # one of them at least
COHESION_FEW = 0.3  # more is asked of few people, who may agree by chance: divided by their number
ELSEWHERE_MAX = 1 / 3  # of its people may name another place
PROFILE_MAX = 12  # pairs; more would be the wording of one copied letter
MATTERS_MAX = 4  # looked for at one name
NAMED_MIN = 0.6  # of the reports with a name that is no place's speak of the matter
ROUNDS = 2
SAMPLE_MAX = 50  # reports of one name that are split


class Matter(NamedTuple):
    """Reports that name one thing and say the same of it."""

    ids: frozenset[int]  # positions of notes
    name: str
    profile: dict[int, int]  # pair -> what sharing it is worth; none of the place's own pairs
    cohesion: float
    peak: int  # people in the fullest window


def matters_of(notes: Notes, name: str, ids: list[int]) -> list[Matter]:
    """Split the reports that hold a name by what they say beside it.

    Of a name in very many reports an even sample is split; the rest is asked whether it fits.
    """
    sample = set(ids[:: 1 + (len(ids) - 1) // SAMPLE_MAX])
    rest, written = set(sample), notes.common(sample)
    found = []
    for _ in range(MATTERS_MAX):
        said = _said(notes, rest, notes.own(name, rest), written)
        if not said:
            break
        seed = max(said, key=lambda pair: (said[pair] ** 2 * notes.rarity[pair], notes.spelled[pair]))
        core = {each for each in rest if seed in written[each]}
        matter = _grown(notes, name, core, rest, written)
        rest -= matter.ids
        if _is_one(notes, matter, sample):
            if len(sample) < len(ids):
                matter = matter._replace(ids=_fitting(notes, matter.profile, matter.ids, ids))
            peak = notes.peak(matter.ids)
            if peak >= notes.people_min:
                found.append(matter._replace(peak=peak))
    return found


def _grown(notes: Notes, name: str, core: set[int], rest: set[int], written: Written) -> Matter:
    """The matter the core reports speak of, with all others of `rest` that fit its profile.

    What they share only by naming one place does not count: a place with many matters is none.
    """
    for _ in range(ROUNDS):
        own = notes.own(name, core) | notes.own(notes.widened(name, core), core)
        own |= notes.own(notes.place(frozenset(core)), core)
        profile = profile_of(notes, core, own, written)
        fitting = _fitting(notes, profile, core, rest)
        if not fitting:
            return Matter(frozenset(core), name, {}, 0, 0)
        if fitting == core:
            break
        core = set(fitting)
    return Matter(frozenset(core), name, profile, _cohesion(notes, core, profile, own), 0)


def _fitting(
    notes: Notes, profile: Mapping[int, int], core: Collection[int], ids: Iterable[int]
) -> frozenset[int]:
    """Those of `ids`, among them the core, whose score is near enough to the middle of the core's."""
    scores = {each: notes.score(profile, each) for each in ids}
    needed = max(1, FITS_MIN * median([scores[each] for each in core]))
    return frozenset(each for each, score in scores.items() if score >= needed)


def _cohesion(notes: Notes, ids: Collection[int], profile: Mapping[int, int], own: Collection[int]) -> float:
    """How much of what a report of these says is said in common: of its title and of it all."""
    places = notes.of_places
    titles, texts = [], []
    for each in ids:
        note = notes[each]
        title = [pair for pair in note.title_pairs if pair not in own and pair not in places]
        common = sum([profile.get(pair, 0) for pair in title])
        titles.append(common / (sum([notes.rarity[pair] for pair in title]) or 1))
        texts.append(notes.score(profile, each) / (note.weight or 1))
    of_title, of_text = median(titles), median(texts)
    telling = of_title >= TITLE_COHESION_MIN or of_text >= TEXT_COHESION_MIN
    return of_title + of_text if telling else 0.0


def _is_one(notes: Notes, matter: Matter, group: Collection[int]) -> bool:
    """Whether these reports are one issue and not what many places have in common.

    Where no place is shared, the name itself must stand for the matter: of what is said with
    it a good part is this.
    """
    people = len(notes.people_of(matter.ids))
    agreed = _agreed(notes, matter)
    if 2 * agreed < people:
        return False
    if people < notes.people_min or matter.cohesion < COHESION_MIN + COHESION_FEW / people:
        return False
    place = notes.place(matter.ids)
    if not place and (agreed < notes.people_min or len(matter.ids) < NAMED_MIN * len(group)):
        return False
    return _elsewhere(notes, matter, place) <= ELSEWHERE_MAX


def profile_of(
    notes: Notes, ids: Collection[int], own: Collection[int], written: Written | None = None
) -> dict[int, int]:
    """What sharing each of a matter's pairs is worth: its rarity, much less where few use it."""
    many = len(notes.people_of(ids))
    worth = {
        pair: notes.rarity[pair] * users * users // (many * many)
        for pair, users in _said(notes, ids, own, written).items()
        if users >= SHARED_MIN * many
    }
    strongest = sorted(worth, key=lambda pair: (-worth[pair], notes.spelled[pair]))[:PROFILE_MAX]
    return {pair: worth[pair] for pair in strongest}


def _said(
    notes: Notes, ids: Collection[int], own: Collection[int], written: Written | None = None
) -> dict[int, int]:
    """How many people use each pair that enough of them use, far more often than others do."""
    people = len(notes.people_of(ids))
    expected = LIFT_MIN * people / max(1, notes.people - people)
    return {
        pair: many
        for pair, many in notes.counts(ids, written).items()
        if many >= notes.people_min and many >= expected * (notes.frequency[pair] - many) and pair not in own
    }


def _agreed(notes: Notes, matter: Matter) -> int:
    """How many people use the pair of the profile that is used second most: one alone is chance."""
    by_user: dict[int, set[int]] = defaultdict(set)
    for each in matter.ids:
        by_user[notes.users[each]] |= matter.profile.keys() & notes.pairs(each)
    counts = Counter(chain.from_iterable(by_user.values()))
    return sorted(counts.values())[-2] if len(counts) > 1 else 0


def _elsewhere(notes: Notes, matter: Matter, place: str) -> float:
    """The share of people who speak of another place."""
    elsewhere = [each for each in matter.ids if notes.is_elsewhere(each, matter.name, place)]
    return len(notes.people_of(elsewhere)) / len(notes.people_of(matter.ids))
