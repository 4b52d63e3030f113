"""What comes in and what goes back, the same for every channel."""

from dataclasses import dataclass, replace

from nlp.slots import remove_ids

ID_REMOVED = "为保护您的隐私，身份证号已删除，请不要在这里发身份证号。"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of one person, as a channel understood it.

    `id` is what the platform repeats when it resends; with `channel` it is unique.
    """

    id: str
    channel: str  # official | aibot | web
    account: str  # openid, 企业微信 userid; "" where nobody is known
    kind: str  # text | image | location | scan | subscribe | voice | enter | other
    text: str = ""
    chat: str = ""  # id of the group chat, "" in private
    scene: str = ""  # what the scanned QR carries: a unit code, or bind-<invitation>
    media_id: str = ""
    media_url: str = ""
    lat: float | None = None
    lng: float | None = None
    label: str = ""  # address that came with a location
    sent_at: int = 0  # UTC seconds, as the platform says
    had_id: bool = False  # an ID number was taken out of the text


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a message; `text` is "" where nothing is to be said."""

    text: str
    case_id: int | None = None


def without_ids(message: Message) -> Message:
    """The message without ID numbers: nothing that is kept of it may hold one."""
    text, had_id = remove_ids(message.text)
    label, _ = remove_ids(message.label)
    return (
        replace(message, text=text, label=label, had_id=had_id)
        if (text, label) != (message.text, message.label)
        else message
    )
