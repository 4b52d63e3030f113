"""What is sent: encrypted text reports, ready as HTTP requests before the clock starts."""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import nlp.rules
from bot.sandbox import wire
from bot.sandbox.app import settings as sandbox_values
from bot.sandbox.wire import OfficialKeys

ROOT = Path(__file__).parent.parent
PATH = "/wechat/official"
# With the number of a house: people report the same matter of many places. What names no place is soon a
# double of what was said before, as some messages of every town are.
PLACES = ("幸福社区第二网格{}号楼旁边", "桃花村{}组", "青河镇幸福路{}号", "我们小区{}栋东门", "")
_SANDBOX = sandbox_values()
KEYS = OfficialKeys(_SANDBOX["wechat_app_id"], _SANDBOX["wechat_token"], _SANDBOX["wechat_aes_key"])
# From the clock, so that no sender and no message id comes twice on one database.
_numbers = itertools.count(time.time_ns())


def texts() -> Iterator[str]:
    """Reports without end: the examples of our own rules, said as people say them, here and there."""
    examples = [example for each in nlp.rules.load(ROOT / "rules").categories for example in each.examples]
    for number in itertools.count():
        example, place = examples[number % len(examples)], PLACES[number % len(PLACES)].format(number)
        yield f"您好，{place}{example}，已经好几天了，麻烦派人来看看，谢谢。"


def requests(count: int, url: str) -> list[bytes]:
    """`count` whole requests, each a report of a new sender under a new message id."""
    host = urlsplit(url).netloc
    return [_request(text, host) for text in itertools.islice(texts(), count)]


def _request(text: str, host: str) -> bytes:
    number, now = next(_numbers), int(time.time())
    fields = wire.text_fields("gh_bench", f"o-bench-{number}", text, number, now)
    push = wire.official_push(KEYS, fields, timestamp=now, nonce=str(number))
    head = (
        f"POST {PATH}?{urlencode(push.query)} HTTP/1.1\r\nHost: {host}\r\n"
        f"Content-Type: text/xml\r\nContent-Length: {len(push.body)}\r\n\r\n"
    )
    return head.encode() + push.body
