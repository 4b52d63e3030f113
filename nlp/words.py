"""Where words begin and end, as jieba sees it; its dictionary takes a second or two to load."""

import re
from functools import cache
from threading import Event, Thread

AROUND = 12  # characters on either side that are cut with a word to see whether it stands by itself
_CLAUSE_END = re.compile(r"[,。!?;:\s]")


class _Dictionary:
    """The one dictionary of a process: as it is loaded once, so it is kept once."""

    def __init__(self) -> None:
        self.loaded = Event()
        self.behind = False  # in a server nobody waits for it

    def is_ready(self) -> bool:
        """Whether it can be asked now; where somebody may wait for it, it is loaded."""
        if self.loaded.is_set():
            return True
        if self.behind:
            _loading()
            return False
        self.load()
        return True

    def load(self) -> None:
        import jieba

        jieba.setLogLevel("WARNING")
        jieba.initialize()
        self.loaded.set()


_dictionary = _Dictionary()


def in_background(*, now: bool) -> None:
    """From here on the dictionary loads in a thread of its own: `now`, or when it is first needed.

    Until it is there no word is whole, so that what depends on it counts 0; nothing waits.
    """
    _dictionary.behind = True
    if now:
        _dictionary.is_ready()


@cache
def _loading() -> Thread:
    thread = Thread(target=_dictionary.load, name="jieba", daemon=True)
    thread.start()
    return thread


def word_edges(simple: str) -> list[int]:
    """The places in a plain text where a word begins or ends, from 0 to its length; loads if need be."""
    import jieba

    if not _dictionary.loaded.is_set():
        _dictionary.load()
    places = [0]
    for word in jieba.cut(simple):
        places.append(places[-1] + len(word))
    return places


def is_whole(simple: str, start: int, end: int) -> bool:
    """Whether what stands at [start, end) begins and ends where words do; False while jieba loads.

    Only the clause around it is cut, AROUND characters on either side at most.
    """
    if not _dictionary.is_ready():
        return False
    low = max(0, start - AROUND)
    low = max((found.end() for found in _CLAUSE_END.finditer(simple, low, start)), default=low)
    stop = _CLAUSE_END.search(simple, end, end + AROUND)
    places = word_edges(simple[low : stop.start() if stop else end + AROUND])
    return start - low in places and end - low in places
