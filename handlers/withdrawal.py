"""撤回申请: an application is given up by who wrote it or is meant; what was said against it is told so."""

import re

from handlers import objection
from handlers.applied import TOPIC, find, must_be
from handlers.ctx import NUMBER, Ctx, Refused, command
from store import applications


@command("撤回申请", "取消申请", grammar=NUMBER, usage="撤回申请 编号", about="不申请了", topic=TOPIC)
def withdraw(ctx: Ctx, match: re.Match[str]) -> str:
    application = find(ctx, match["number"])
    if ctx.person.id not in (application.person_id, application.writer_id):
        raise Refused("只有申请人能撤回。")
    must_be(application, *applications.OPEN)
    if application.public_until is not None and application.public_until <= ctx.now:
        raise Refused(f"申请 {application.id} 公示期已满，不能撤回了。")
    applications.move(ctx.tx, application, "refused", ended_at=ctx.now, ended_by=ctx.person.id)
    objection.drop(ctx, application)
    return f"申请 {application.id} 已撤回。"
