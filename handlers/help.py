"""帮助: what the speaker may say."""

import re

from handlers.ctx import ANYBODY, COMMANDS, ROLES, Command, Ctx, command


@command("帮助", "菜单", "help", "使用说明", usage="帮助", about="看能说什么")
def show(ctx: Ctx, _match: re.Match[str]) -> str:
    own = [c for c in COMMANDS if c.roles != ANYBODY and ctx.person.has(*c.roles)]
    everybody = [c for c in COMMANDS if c.roles == ANYBODY]
    lines = ["直接说哪里有什么问题，就能得到编号；也可以发照片和位置。"]
    if own:
        posts = "、".join(dict.fromkeys(ROLES.get(post.role, post.role) for post in ctx.person.posts))
        lines += [f"【{posts}】", *map(_line, own), "【大家都能用】"]
    return "\n".join([*lines, *map(_line, everybody)])


def _line(one: Command) -> str:
    return f"{one.usage} — {one.about}"
