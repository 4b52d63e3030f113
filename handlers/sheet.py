"""A form of a page that was sent: acted on once, answered the same however often it comes."""

import hashlib
from collections.abc import Callable

from handlers.ctx import Ctx
from store import inbox


def once(ctx: Ctx, sheet: str, content: object, act: Callable[[], str]) -> str:
    """What `act` answers. The same sheet of the same person with the same content again: the first answer.

    `sheet` is what the opened page was numbered with; a page may be kept and used for something else.
    """
    key = hashlib.sha256(f"{ctx.person.id}\n{sheet}\n{content!r}".encode()).hexdigest()[:32]
    row = inbox.arrive(ctx.tx, channel="web", message_id=key, now=ctx.now)
    if row is None:
        kept = inbox.kept(ctx.tx, channel="web", message_id=key)
        assert kept is not None, "a form is in the inbox or it is new"
        return kept.reply
    answer = act()
    inbox.answer(ctx.tx, row, reply=answer)
    return answer
