"""Codes and links that open something: how they are made, kept (as an HMAC) and told, and told again."""

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass

from handlers.message import Message

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without 0 O 1 I L
PICKUP = "MSQH"  # 码上取货
LONG = r"[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){3,15}"  # what somebody types for a code of 8, also a wrong one


def new_code() -> str:
    """8 characters that are easy to read out, some 40 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))


def derived_code(secret: bytes, purpose: str, subject: str) -> str:
    """A code of 8 that the same subject gets again each time, and nobody without the secret can guess."""
    digest = hmac.digest(secret, f"{purpose}:code:{subject}".encode(), hashlib.sha256)
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:8])


def derived_token(secret: bytes, purpose: str, subject: str) -> str:
    """A 128-bit token for a link, the same again for the same subject."""
    digest = hmac.digest(secret, f"{purpose}:token:{subject}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def new_token() -> str:
    return secrets.token_urlsafe(16)


def token_hash(token: str) -> str:
    """What is kept of a token of 128 bits: nobody can try so many, so it needs no secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def pickup_payload(shop_code: str, code: str) -> str:
    """What the QR of a pick-up code says: no address, so that no camera but the shop's sends it anywhere."""
    return f"{PICKUP}:{shop_code}:{code}"


def read_pickup(scanned: str) -> tuple[str, str] | None:
    """(shop code, pick-up code) of what was scanned or typed; the shop is "" where six digits were typed."""
    text = unicodedata.normalize("NFKC", scanned).strip()
    match = re.fullmatch(
        rf"(?:{PICKUP}:(?P<shop>[A-Za-z0-9_-]{{1,32}}):)?(?P<code>\d{{3}}[ -]?\d{{3}})", text
    )
    return (match["shop"] or "", re.sub(r"\D", "", match["code"])) if match else None


def keyed(secret: bytes, purpose: str, code: str) -> str:
    """What is kept of a code: without the secret nobody can try all codes against it.

    Capitals, width, spaces and hyphens are how people write it, not part of it.
    """
    typed = "".join(each for each in unicodedata.normalize("NFKC", code).upper() if each.isalnum())
    return hmac.digest(secret, f"{purpose}:{typed}".encode(), hashlib.sha256).hex()


# ---- a code in an answer, which is kept for a message that is sent again


@dataclass(frozen=True, slots=True)
class Told:
    """A code for whoever asked: `value` is what opens, `mark` stands for it in an answer that is kept."""

    value: str
    mark: str


_MARK = re.compile("\ue000(pickup|code|token):([0-9]{1,3})\ue001")
_AGAIN = "（为安全起见不在通知里写。取货码请发“重发”，别的请再要一次）"


def told(secret: bytes, message: Message, kind: str, turn: int = 0) -> Told:
    """The code of a kind (pickup, code, token) that a message asks for, the same one when it comes again.

    Another `turn` is another code. A page's visit is no message: nothing of its answer is kept, so the code
    is new each time and its own mark.
    """
    if not message.id:
        value = {"pickup": _new_pickup_code, "code": new_code, "token": new_token}[kind]()
        return Told(value, value)
    return Told(_of_message(secret, message, kind, turn), f"\ue000{kind}:{turn}\ue001")


def _new_pickup_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


def _of_message(secret: bytes, message: Message, kind: str, turn: int) -> str:
    subject = f"{message.channel}:{message.id}:{turn}"
    if kind == "token":
        return derived_token(secret, "told", subject)
    if kind == "code":
        return derived_code(secret, "told", subject)
    digest = hmac.digest(secret, f"told:pickup:{subject}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest) % 1_000_000:06d}"


def filled(secret: bytes, message: Message, answer: str) -> str:
    """The answer to a message as its writer reads it: each mark is the code it stands for."""
    return _MARK.sub(lambda mark: _of_message(secret, message, mark[1], int(mark[2])), answer)


def without_codes(answer: str) -> str:
    """An answer that has to lie somewhere until it is sent: how to get the code instead of it."""
    return _MARK.sub(_AGAIN, answer)
