"""帮助: what the speaker may say."""

import re

from handlers.ctx import ANYBODY, BARE, COMMANDS, ROLES, Command, Ctx, command

# What is told on request only: all of it would not fit into one message.
TOPICS = {"积分申请": "申请积分、公示、异议"}


@command("帮助", "菜单", "help", "使用说明", grammar=r"(?P<topic>.*?)", usage="帮助", about="看能说什么")
def show(ctx: Ctx, match: re.Match[str]) -> str | None:
    topic = match["topic"].strip(BARE)
    if topic not in ("", *TOPICS):
        return None
    listed = [c for c in COMMANDS if c.topic == topic]
    own = [c for c in listed if c.roles != ANYBODY and ctx.person.has(*c.roles)]
    everybody = [c for c in listed if c.roles == ANYBODY]
    lines = [f"【{topic}】" if topic else "直接说哪里有什么问题，就能得到编号；也可以发照片和位置。"]
    if own:
        posts = "、".join(dict.fromkeys(ROLES.get(post.role, post.role) for post in ctx.person.posts))
        lines += [f"【{posts}】", *map(_line, own), "【大家都能用】"]
    more = [] if topic else [f"帮助 {name} — {about}" for name, about in TOPICS.items()]
    return "\n".join([*lines, *map(_line, everybody), *more])


def _line(one: Command) -> str:
    return f"{one.usage} — {one.about}"
