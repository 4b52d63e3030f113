"""What a request to the ledger was, in one digest: a repetition is told from another request by it."""

import hashlib
from collections.abc import Mapping
from json.encoder import encode_basestring
from operator import itemgetter

REQUEST = (
    "txn",
    "kind",
    "debit",
    "credit",
    "unit",
    "asked",
    "reason",
    "actor_id",
    "case_id",
    "pending_id",
    "reverses_id",
    "refunds_id",
    "rule",
    "cause",
    "day",
    "person_id",
    "application_id",
)


_FORM = "{" + ", ".join(f'"{name}": %s' for name in sorted(REQUEST)) + "}"
_values = itemgetter(*sorted(REQUEST))


def digest_of(request: Mapping[str, object]) -> str:
    """What the request was: everything but its key, its time and the rules' revision, which a repetition
    may have anew, and the amount that a cap left of what was asked.

    It is taken of the request as JSON with sorted keys, written here by hand: in a quarter of the time.
    """
    written = _FORM % tuple(map(_json, _values(request)))
    return hashlib.sha256(written.encode()).hexdigest()


def _json(value: object) -> str:
    if value is None:
        return "null"
    return encode_basestring(value) if isinstance(value, str) else str(value)
