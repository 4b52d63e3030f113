"""Long work that makes millions of objects and no cycle is done without the search for cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def kept_away() -> Iterator[None]:
    """Keep Python's collector away meanwhile: it would walk again and again through all that is kept.

    Of 100,000 reports it took a sixth of the time. What no name holds any more goes at once as ever;
    only cycles stay until the end. It concerns the whole process, so it is for commands, not for the server.
    """
    was_there = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_there:
            gc.enable()
