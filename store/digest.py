"""What a request to the ledger was, in one digest: a repetition is told from another request by it."""

import hashlib
import json
from collections.abc import Mapping

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


def digest_of(request: Mapping[str, object]) -> str:
    """What the request was: everything but its key, its time and the rules' revision, which a repetition
    may have anew, and the amount that a cap left of what was asked."""
    wanted = {name: request[name] for name in REQUEST}
    return hashlib.sha256(json.dumps(wanted, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
