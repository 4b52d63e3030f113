"""Find the matters many people report over a period: one place or thing, one matter, several people."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from nlp.alike import DAY
from nlp.gather import gathered
from nlp.notes import ISSUES, MATTERS, PEOPLE_MIN, Notes, Progress
from nlp.place_names import as_place
from nlp.reports import Report
from nlp.same_matter import Matter, matters_of, profile_of, telling
from nlp.shared_names import shared_names
from nlp.shared_place import place_of, widened

WINDOW_DAYS = 30
TITLE_LENGTH = 8  # pairs a title may have without being long


@dataclass(frozen=True, slots=True)
class Issue:
    """A matter several people reported, as the public may read it."""

    rank: int  # from 1, by the people of its fullest window
    title: str  # of the report that says most of what all say
    place: str  # the name they share; empty where none is
    category: str
    people: int
    reports: int
    likes: int  # shown, never ranked by
    start: int  # UTC seconds of the first and the last report
    end: int
    ids: tuple[str, ...]  # by time
    peak: int  # people within the fullest window


def cluster(
    reports: Iterable[Report],
    *,
    since: int | None = None,
    until: int | None = None,
    window_days: int = WINDOW_DAYS,
    people_min: int = PEOPLE_MIN,
    category: Callable[[str], str] | None = None,
    on_progress: Progress | None = None,
) -> list[Issue]:
    """The issues of the reports in [since, until) UTC seconds, the hottest first.

    An issue is hotter the more different people report it within `window_days`; likes and the
    same person's repetitions do not count. `category` sorts a text; `on_progress` hears
    (done, total). The order of `reports` does not matter; of several with one id one counts.
    """
    by_id = {each.id: each for each in sorted(reports, key=_order)}
    kept = [
        each
        for each in sorted(by_id.values(), key=_order)
        if (since is None or each.at >= since) and (until is None or each.at < until)
    ]
    notes = Notes(kept, on_progress or _unheard, window=window_days * DAY, people_min=people_min)
    named = shared_names(notes)
    matters = [
        matter
        for name in notes.steps(sorted(named), MATTERS)
        for matter in matters_of(notes, name, named[name])
    ]
    return [
        _issue(notes, matter, rank, category)
        for rank, matter in enumerate(notes.steps(gathered(notes, matters), ISSUES), start=1)
    ]


def _order(report: Report) -> tuple[int, str, str, str]:
    return report.at, report.id, report.user, report.title


def _unheard(_done: int, _total: int) -> None:
    pass


def _issue(notes: Notes, matter: Matter, rank: int, category: Callable[[str], str] | None) -> Issue:
    reports = [notes[each].report for each in sorted(matter.ids)]
    title = notes[_central(notes, matter.ids)].report.title
    return Issue(
        rank=rank,
        title=title,
        place=_place(notes, matter),
        category=category(title) if category else "",
        people=len(notes.people_of(matter.ids)),
        reports=len(reports),
        likes=sum(report.up for report in reports),
        start=reports[0].at,
        end=reports[-1].at,
        ids=tuple(report.id for report in reports),
        peak=matter.peak,
    )


def _place(notes: Notes, matter: Matter) -> str:
    """The place as the public may read it; empty where the matter is of none."""
    name = place_of(notes, matter.ids) or widened(notes, matter.name, matter.ids)
    return as_place(name)


def _central(notes: Notes, ids: Collection[int]) -> int:
    """The report whose title says most of what all say in fewest words, of equals the first."""
    people = len(notes.people_of(ids))
    profile = profile_of(notes, telling(notes, notes.counts(ids), people), people)
    return max(
        sorted(ids),
        key=lambda each: (
            sum([profile.get(pair, 0) for pair in notes[each].title_pairs])
            / (TITLE_LENGTH + len(notes[each].title_pairs))
        ),
    )
