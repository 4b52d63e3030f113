"""Of the reports that hold one name, those that say the same of it; a name with many matters has none."""

from collections.abc import Collection, Iterable, Mapping
from statistics import median
from typing import NamedTuple

from nlp.namesakes import Bits, Namesakes
from nlp.notes import Notes
from nlp.shared_place import is_elsewhere, place_of, widened

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
    sample = Namesakes(notes, ids[:: 1 + (len(ids) - 1) // SAMPLE_MAX])
    rest, found = sample.all, []
    for _ in range(MATTERS_MAX):
        said = _said(sample, rest, notes.own(name, sample.ids(rest)))
        if not said:
            break
        seed = max(said, key=lambda pair: (said[pair] ** 2 * notes.rarity[pair], notes.spelled[pair]))
        core, matter = _grown(sample, name, sample.holding[seed] & rest, rest)
        rest &= ~core
        if _is_one(sample, core, matter):
            if len(sample.positions) < len(ids):
                matter = matter._replace(ids=_of_all(notes, matter, ids))
            peak = notes.peak(matter.ids)
            if peak >= notes.people_min:
                found.append(matter._replace(peak=peak))
    return found


def _grown(namesakes: Namesakes, name: str, core: Bits, rest: Bits) -> tuple[Bits, Matter]:
    """The matter the core reports speak of, with all others of `rest` that fit its profile.

    What they share only by naming one place does not count: a place with many matters is none.
    """
    notes = namesakes.notes
    for _ in range(ROUNDS):
        ids = namesakes.ids(core)
        names = {name, widened(notes, name, ids), place_of(notes, ids)}
        own = set().union(*(notes.own(each, ids) for each in names))
        profile = profile_of(notes, _said(namesakes, core, own), namesakes.people(core))
        scores = namesakes.scores(profile, rest)
        needed = _needed([scores[each] for each in ids])
        fitting = namesakes.bits([each for each, score in scores.items() if score >= needed])
        if not fitting:
            return core, Matter(ids, name, {}, 0, 0)
        if fitting == core:
            break
        core = fitting
    said = {each: scores[each] for each in namesakes.ids(core)}
    return core, Matter(frozenset(said), name, profile, _cohesion(notes, said, profile, own), 0)


def _of_all(notes: Notes, matter: Matter, ids: Iterable[int]) -> frozenset[int]:
    """Those of `ids` that fit a matter found in a sample of them."""
    scores = {each: notes.score(matter.profile, each) for each in ids}
    needed = _needed([scores[each] for each in matter.ids])
    return frozenset(each for each, score in scores.items() if score >= needed)


def _needed(scores: Iterable[int]) -> float:
    """The score that is near enough to the middle of a core's."""
    return max(1, FITS_MIN * median(scores))


def _cohesion(
    notes: Notes, scores: Mapping[int, int], profile: Mapping[int, int], own: Collection[int]
) -> float:
    """How much of what a report of these says is said in common: of its title and of it all."""
    places = notes.of_places
    titles, texts = [], []
    for each, score in scores.items():
        note = notes[each]
        title = [pair for pair in note.title_pairs if pair not in own and pair not in places]
        common = sum([profile.get(pair, 0) for pair in title])
        titles.append(common / (sum([notes.rarity[pair] for pair in title]) or 1))
        texts.append(score / (note.weight or 1))
    of_title, of_text = median(titles), median(texts)
    telling = of_title >= TITLE_COHESION_MIN or of_text >= TEXT_COHESION_MIN
    return of_title + of_text if telling else 0.0


def _is_one(namesakes: Namesakes, core: Bits, matter: Matter) -> bool:
    """Whether these reports are one issue and not what many places have in common.

    Where no place is shared, the name itself must stand for the matter: of what is said with
    it a good part is this.
    """
    notes, people = namesakes.notes, namesakes.people(core)
    agreed = _agreed(namesakes, core, matter.profile)
    if 2 * agreed < people:
        return False
    if people < notes.people_min or matter.cohesion < COHESION_MIN + COHESION_FEW / people:
        return False
    place = place_of(notes, matter.ids)
    if not place and (agreed < notes.people_min or len(matter.ids) < NAMED_MIN * len(namesakes.positions)):
        return False
    return _elsewhere(notes, matter, place) <= ELSEWHERE_MAX


def profile_of(notes: Notes, said: Mapping[int, int], people: int) -> dict[int, int]:
    """What sharing each of a matter's pairs is worth: its rarity, much less where few use it."""
    worth = {
        pair: notes.rarity[pair] * users * users // (people * people)
        for pair, users in said.items()
        if users >= SHARED_MIN * people
    }
    strongest = sorted(worth, key=lambda pair: (-worth[pair], notes.spelled[pair]))[:PROFILE_MAX]
    return {pair: worth[pair] for pair in strongest}


def _said(namesakes: Namesakes, bits: Bits, own: Collection[int]) -> dict[int, int]:
    """How many people use each pair, none of `own`, that enough of them use."""
    said = telling(namesakes.notes, namesakes.counts(bits), namesakes.people(bits))
    return {pair: many for pair, many in said.items() if pair not in own}


def telling(notes: Notes, counts: Mapping[int, int], people: int) -> dict[int, int]:
    """The pairs that enough of these people use, far more often than others do."""
    expected = LIFT_MIN * people / max(1, notes.people - people)
    frequency, enough = notes.frequency, notes.people_min
    return {
        pair: many
        for pair, many in counts.items()
        if many >= enough and many >= expected * (frequency[pair] - many)
    }


def _agreed(namesakes: Namesakes, core: Bits, profile: Collection[int]) -> int:
    """How many people use the pair of the profile that is used second most: one alone is chance."""
    counts = sorted([namesakes.people(namesakes.holding[pair] & core) for pair in profile])
    return counts[-2] if len(counts) > 1 else 0


def _elsewhere(notes: Notes, matter: Matter, place: str) -> float:
    """The share of people who speak of another place."""
    elsewhere = [each for each in matter.ids if is_elsewhere(notes, each, matter.name, place)]
    return len(notes.people_of(elsewhere)) / len(notes.people_of(matter.ids))
