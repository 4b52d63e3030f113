"""A form of a page that was sent: acted on once, answered the same however often it comes."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from handlers.codes import filled
from handlers.ctx import Ctx
from handlers.message import Message
from store import inbox


def once(ctx: Ctx, sheet: str, content: object, act: Callable[[Ctx], str]) -> str:
    """What `act` answers. The same sheet of the same person with the same content again: the first answer.

    `sheet` is what the opened page was numbered with; a page may be kept and used for something else. `act`
    is given the form as the message, so that a code in its answer (codes.told) is not kept with it.
    """
    key = hashlib.sha256(f"{ctx.person.id}\n{sheet}\n{content!r}".encode()).hexdigest()[:32]
    message = Message(key, "web", "", "form")
    row = inbox.arrive(ctx.tx, channel=message.channel, message_id=message.id, now=ctx.now)
    if row is None:
        kept = inbox.kept(ctx.tx, channel=message.channel, message_id=message.id)
        assert kept is not None, "a form is in the inbox or it is new"
        answer = kept.reply
    else:
        answer = act(replace(ctx, message=message))
        inbox.answer(ctx.tx, row, reply=answer)
    return filled(ctx.county.secret, message, answer)
