"""Photos sent in chat join the report or the application just made, or wait for the one to come."""

from handlers import application
from handlers.announce import announce
from handlers.ctx import Ctx
from handlers.message import Reply
from handlers.place import JOIN_SECONDS
from store import cases, people, photos

PHOTOS_MAX = 9  # of one case


def receive(ctx: Ctx) -> Reply:
    """Mark the photo for fetching (it lies at WeChat) and say which case it belongs to."""
    assert ctx.account is not None
    case = cases.last_of(ctx.tx, ctx.person.id, since=ctx.now - JOIN_SECONDS)
    media_id = ctx.message.media_id or ctx.message.media_url
    after = case.opened_at if case else 0
    shown = application.add_photo(ctx, media_id, photos_max=PHOTOS_MAX, after=after)
    if shown is not None:
        return Reply(shown)
    if case is not None and photos.count(ctx.tx, case.id) >= PHOTOS_MAX:
        return Reply(f"事件 {case.id} 已有 {PHOTOS_MAX} 张照片，够用了，谢谢。", case.id)
    photos.add_due(
        ctx.tx,
        case_id=case.id if case else None,
        account_id=ctx.account.id,
        media_id=media_id,
        now=ctx.now,
    )
    if case is None:
        people.sent_photo(ctx.tx, ctx.account.id, now=ctx.now)
        return Reply("照片收到了，请再说说是什么问题、在哪里。")
    announce(ctx, "case.amended", case, note="补充了照片")
    return Reply(f"照片已加到事件 {case.id}。", case.id)
