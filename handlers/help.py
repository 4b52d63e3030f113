"""帮助: what the speaker may say. Commands of a topic are listed when it is asked for."""

import re

from handlers.ctx import ANYBODY, COMMANDS, ROLES, Command, Ctx, command

HOW = "直接说哪里有什么问题，就能得到编号；也可以发照片和位置。"
BYTES_MAX = 2_048  # of one message in WeChat
SHOWN = 2  # commands of a topic that 帮助 names


@command(
    "帮助",
    "菜单",
    "help",
    "使用说明",
    grammar=r"(?P<topic>\S{0,10})",
    usage="帮助",
    about="看能说什么",
)
def show(ctx: Ctx, match: re.Match[str]) -> str | None:
    own = [c for c in COMMANDS if c.roles != ANYBODY and ctx.person.has(*c.roles)]
    everybody = [c for c in COMMANDS if c.roles == ANYBODY]
    if topic := match["topic"].strip("？?"):
        listed = [_line(c) for c in own + everybody if c.topic == topic]
        return "\n".join([f"【{topic}】", *listed]) if listed else None
    lines = [HOW]
    if own:
        posts = "、".join(dict.fromkeys(ROLES.get(post.role, post.role) for post in ctx.person.posts))
        lines += [f"【{posts}】", *_lines(own), "【大家都能用】"]
    topics = {c.topic for c in own}  # 帮助 topic lists both kinds
    whole = "\n".join([*lines, *_lines([c for c in everybody if not c.topic or c.topic not in topics])])
    if len(whole.encode()) <= BYTES_MAX:
        return whole
    # Who holds several posts knows what anybody may say.
    return "\n".join([*lines, "、".join(c.usage for c in everybody if not c.topic)])


def _lines(commands: list[Command]) -> list[str]:
    """A line a command; what belongs to a topic is one line together, after the others."""
    lines = [_line(c) for c in commands if not c.topic]
    for topic in dict.fromkeys(c.topic for c in commands if c.topic):
        words = [c.words[0] for c in commands if c.topic == topic]
        more = "等" if len(words) > SHOWN else ""
        lines.append(f"帮助 {topic} — {'、'.join(words[:SHOWN])}{more}")
    return lines


def _line(one: Command) -> str:
    return f"{one.usage} — {one.about}"
