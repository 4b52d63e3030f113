"""待转发: an ordinary WeChat group has no robot, so a named person copies its notices over."""

import re

from handlers.ctx import Ctx, command
from store import outbox

FORWARD_MAX = 5


@command(
    "待转发",
    roles=("village_staff", "dispatcher", "leader"),
    usage="待转发",
    about="取要转到普通微信群的通知，取过即算已转",
)
def take(ctx: Ctx, _match: re.Match[str]) -> str:
    own = [post.unit_id for post in ctx.person.posts]
    waiting = outbox.to_forward(ctx.tx, own, FORWARD_MAX)
    if not waiting:
        return "没有要转发的通知。"
    outbox.forwarded(ctx.tx, [notice_id for notice_id, _, _ in waiting], now=ctx.now)
    return "\n———\n".join(text for _, _, text in waiting)
