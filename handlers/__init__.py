"""What we do: one file per domain word. `handle` is the unit of work of one inbound message."""

import importlib
import pkgutil
from dataclasses import asdict, replace
from functools import lru_cache

from handlers import checkin, intake, patrol, photo, place
from handlers.codes import filled, without_codes
from handlers.ctx import ANYBODY, BARE, COMMANDS, Command, County, Ctx, Refused
from handlers.join import bind_scanned
from handlers.message import ID_REMOVED, Message, Reply, without_ids
from nlp import Reading
from store import inbox, outbox, people
from store.tx import Conflict, Tx

APOLOGY = "系统刚才出了点问题，您的消息已经保存，工作人员会处理，请不必重发。"
CHANGED = "刚刚有人先处理了，请重新查询后再试。"
WELCOME = (
    "您好，这里是码上办。\n直接说哪里有什么问题，例如：幸福社区3号楼井盖破了。"
    "也可以发照片和位置。\n发“帮助”看还能做什么。"
)


def load() -> None:
    """Import every file of this folder, so that its commands and jobs are declared."""
    for module in pkgutil.iter_modules(__path__, "handlers."):
        importlib.import_module(module.name)
    COMMANDS.sort(key=lambda command: command.run.__module__)  # whoever was imported first


def handle(tx: Tx, county: County, message: Message, reading: Reading, *, now: int) -> Reply:
    """Act on one message once, and give a resent one the same answer.

    The inbox row comes first; the handler runs behind a savepoint, so that a refusal undoes what it
    wrote and nothing else. Anything but Refused and Conflict goes up: then nothing at all is kept.
    """
    row = inbox.arrive(tx, channel=message.channel, message_id=message.id, now=now)
    reply = _again(tx, message) if row is None else _run(tx, county, message, reading, row, now=now)
    return replace(reply, text=filled(county.secret, message, reply.text))


def keep_failed(tx: Tx, message: Message, error: str, *, now: int) -> Reply:
    """The second unit of work, after a bug: keep the raw message for a person and for a later try."""
    row = inbox.arrive(tx, channel=message.channel, message_id=message.id, now=now)
    if row is None:
        return _again(tx, message)
    message = without_ids(message)
    inbox.fail(tx, row, message=asdict(message), reply=APOLOGY, error=error)
    return Reply(APOLOGY)


def retry(tx: Tx, county: County, message: Message, reading: Reading, row: int, *, now: int) -> Reply:
    """Run a message that failed once more; raises again what still goes wrong.

    Whoever wrote it in the official account is sent the answer that was owed.
    """
    reply = _run(tx, county, message, reading, row, now=now)
    if message.channel == "official" and reply.text:
        owed = outbox.row(
            channel="official",
            address=message.account,
            text=without_codes(reply.text),
            fact="inbox.retried",
            case_id=reply.case_id,
            idem=f"inbox.retried:{row}",
            now=now,
        )
        outbox.add(tx, [owed])
    return reply


def _again(tx: Tx, message: Message) -> Reply:
    """What the message got, as it was kept."""
    kept = inbox.kept(tx, channel=message.channel, message_id=message.id)
    assert kept is not None, "a message is in the inbox or it is new"
    return Reply(kept.reply, kept.case_id)


def _run(tx: Tx, county: County, message: Message, reading: Reading, row: int, *, now: int) -> Reply:
    """The reply as it is kept: with marks where the person reads codes."""
    ctx = _meet(tx, county, message, reading, now)
    refused = False
    try:
        with tx.savepoint():
            reply = _act(ctx)
    except Refused as refusal:
        reply, refused = Reply(str(refusal)), True
    except Conflict:
        reply, refused = Reply(CHANGED), True
    if message.had_id:
        reply = Reply("\n".join(filter(None, (reply.text, ID_REMOVED))), reply.case_id)
    inbox.answer(tx, row, reply=reply.text, case_id=reply.case_id, refused=refused)
    return reply


def _meet(tx: Tx, county: County, message: Message, reading: Reading, now: int) -> Ctx:
    """Who speaks; somebody new becomes a resident."""
    known = people.by_account(tx, message.channel, message.account)
    if known is None:
        person_id = people.add(tx, now=now)
        account = people.add_account(
            tx, channel=message.channel, account=message.account, person_id=person_id
        )
        known = account, people.Person(person_id, "", "", None, ())
    return Ctx(tx, now, county, known[1], known[0], message, reading)


def _act(ctx: Ctx) -> Reply:
    match ctx.message.kind:
        case "text":
            return _text(ctx)
        case "image":
            return photo.receive(ctx)
        case "location":
            return patrol.locate(ctx)
        case "scan" | "subscribe":
            return Reply(_scan(ctx))
        case "enter":
            return Reply(WELCOME)
        case "voice":
            return _text(ctx) if ctx.message.text else Reply("没听清，请用文字说一说，或发一张照片。")
        case _:
            return Reply("")


def _scan(ctx: Ctx) -> str:
    if ctx.message.scene.startswith("bind-"):
        return bind_scanned(ctx, ctx.message.scene.removeprefix("bind-"))
    return place.scanned(ctx) or WELCOME


def _text(ctx: Ctx) -> Reply:
    if (listed := checkin.read_list(ctx)) is not None:
        return listed
    begins = [text.lower() for text in (ctx.message.text.lstrip(), ctx.reading.plain.lstrip(BARE))]
    for command in _beginning(frozenset(text[:1] for text in begins), len(COMMANDS)):
        if not any(text.startswith(command.starts) for text in begins):
            continue
        if command.roles == ANYBODY or ctx.person.has(*command.roles):
            answer = _answer(ctx, command)
            if answer is not None:
                return answer if isinstance(answer, Reply) else Reply(answer)
    return intake.receive(ctx)


@lru_cache(maxsize=1_024)
def _beginning(firsts: frozenset[str], _count: int) -> tuple[Command, ...]:
    """The commands, of so many, that may begin with one of these characters: of nearly all reports none
    but 报平安, which may begin with anything."""
    return tuple(
        command for command in COMMANDS if any(not start or start[0] in firsts for start in command.starts)
    )


def _answer(ctx: Ctx, command: Command) -> Reply | str | None:
    """What the command says to the text; None where the text is no such command."""
    plain = ctx.reading.plain
    is_bare = command.is_bare(plain)
    # First as written, so that what follows the command word is kept as written.
    texts = [ctx.message.text.strip(), plain, *([plain.strip(BARE)] if is_bare else [])]
    for text in dict.fromkeys(texts):
        match = command.pattern.fullmatch(text)
        answer = command.run(ctx, match) if match else None
        if answer is not None:
            return answer
    return f"请这样发：{command.usage}（{command.about}）" if is_bare else None
