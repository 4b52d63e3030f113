"""What people type: a telephone number, and what no database takes."""

import re

PHONE = re.compile(r"1\d{2}[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8}")
# Control characters, half characters.
UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
