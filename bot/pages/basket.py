"""The basket of a form: how many pieces of which article."""

import re
from collections.abc import Mapping

from handlers.ctx import Refused


def wanted(fields: Mapping[str, str]) -> dict[int, int]:
    """Article → pieces, of fields such as n12=2; what was left at 0 is left out."""
    found = {}
    for name, value in fields.items():
        if re.fullmatch(r"n\d{1,15}", name, re.ASCII) and value not in ("", "0"):
            if not re.fullmatch(r"\d{1,4}", value, re.ASCII):
                raise Refused("数量要写整数。")
            found[int(name[1:])] = int(value)
    return found


def pieces(fields: Mapping[str, str]) -> dict[int, int]:
    """Line of an order → how many pieces of it, of fields such as line12=on, pieces12=2; 0 for all of it."""
    ticked = sorted(int(name[4:]) for name in fields if re.fullmatch(r"line\d{1,15}", name, re.ASCII))
    return {line: chosen(fields, f"pieces{line}") for line in ticked}


def chosen(fields: Mapping[str, str], name: str) -> int:
    """The number a field holds, 0 where it holds none: nothing has the number 0."""
    value = fields.get(name, "")
    return int(value) if re.fullmatch(r"\d{1,15}", value, re.ASCII) else 0
