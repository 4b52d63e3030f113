"""Codes that people type: invitations, claim codes, pick-up codes, and how they are kept (as an HMAC)."""

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata

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


def new_pickup_code() -> str:
    return f"{secrets.randbelow(1_000_000):06d}"


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
