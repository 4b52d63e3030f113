"""Tencent's envelope: signatures and AES, hardened, the same for the official account and the robot."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from wechatpy.crypto.base import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder

PREFIX_BYTES = 16
LENGTH_BYTES = 4
# What XML 1.0, UTF-8 or PostgreSQL cannot hold; people do send it, so it is taken out and not refused.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class BadMessage(Exception):
    """What came in is refused with HTTP `status` and nothing of it kept. Its text holds nothing personal."""

    def __init__(self, why: str, status: int = 400) -> None:
        super().__init__(why)
        self.status = status


class Seal:
    """One EncodingAESKey, ready to use: opens what was sealed for `receiver` and seals in its name.

    `receiver` is the official account's app id; for a robot it is "".
    """

    def __init__(self, aes_key: str, receiver: str) -> None:
        self._cipher = WeChatCipher(base64.b64decode(aes_key + "="))
        self._receiver = receiver.encode()

    def open(self, sealed: str) -> bytes:
        """The text inside. Raises BadMessage for a wrong key, padding, length or receiver."""
        try:
            data: bytes = self._cipher.decrypt(base64.b64decode(sealed, validate=True))
        except ValueError:
            raise BadMessage("the ciphertext is malformed") from None
        pad = data[-1] if data else 0
        # wechatpy trusts the last byte and the length, and falls over both.
        if not 1 <= pad <= PKCS7Encoder.block_size or not data.endswith(bytes([pad]) * pad):
            raise BadMessage("the ciphertext does not open with our key")
        body = data[PREFIX_BYTES : len(data) - pad]
        end = LENGTH_BYTES + int.from_bytes(body[:LENGTH_BYTES], "big")
        if len(body) < LENGTH_BYTES or len(body) < end:
            raise BadMessage("the sealed length is wrong")
        if not hmac.compare_digest(body[end:], self._receiver):
            raise BadMessage("sealed for somebody else", 403)
        return body[LENGTH_BYTES:end]

    def close(self, text: bytes) -> str:
        data = secrets.token_bytes(PREFIX_BYTES) + len(text).to_bytes(LENGTH_BYTES, "big")
        padded = PKCS7Encoder.encode(data + text + self._receiver)
        return base64.b64encode(self._cipher.encrypt(padded)).decode()


def open_with(seals: Iterable[Seal], sealed: str) -> tuple[bytes, Seal]:
    """Open with the first key that fits (the current one, then the one before it) and say which that was.

    The answer must be sealed with the same key: while a key is being changed Tencent uses both.
    """
    refusal: BadMessage | None = None
    for seal in seals:
        try:
            return seal.open(sealed), seal
        except BadMessage as error:
            refusal = refusal or error
    raise refusal or BadMessage("no key is set")


def signature(*parts: str) -> str:
    joined = "".join(sorted(parts))
    return hashlib.sha1(joined.encode("utf-8", "replace")).hexdigest()  # noqa: S324 Tencent's choice


def check_signature(given: str | None, *parts: str) -> None:
    """Raise BadMessage unless `given` is the signature of `parts`.

    Age is not checked, so that a wrong clock does not silence the bot: a push played again carries the
    same message id and acts once.
    """
    if not given:
        raise BadMessage("the signature is missing", 403)
    expected = signature(*parts)
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        raise BadMessage("the signature is wrong", 403)


def clean(text: str) -> str:
    """Without the characters that XML, UTF-8 or a database cannot hold."""
    return _UNWRITABLE.sub("", text)


def shorten(text: str, limit_bytes: int) -> str:
    """At most `limit_bytes` of UTF-8, cut between characters and marked with “…”."""
    data = text.encode()
    if len(data) <= limit_bytes:
        return text
    mark = "…"
    return data[: limit_bytes - len(mark.encode())].decode(errors="ignore") + mark
