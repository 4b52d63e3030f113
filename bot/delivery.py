"""How a message goes out to Tencent: one HTTP client, and the two ways in which it may fail."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

TIMEOUT_SECONDS = 10
BUSY, CALLED_TOO_OFTEN, TOO_MANY_AT_ONCE = -1, 45009, 45033
# How long to wait before the next try, by what Tencent says.
WAIT_SECONDS = {BUSY: 10, CALLED_TOO_OFTEN: 60, TOO_MANY_AT_ONCE: 10}
NETWORK_WAIT_SECONDS = 15


class Later(Exception):
    """Not sent, but may be in `seconds`. It may have arrived all the same: delivery is at least once."""

    def __init__(self, seconds: int, why: str) -> None:
        super().__init__(why)
        self.seconds = seconds


class Never(Exception):
    """Refused for good: sending it again would bring the same answer. `code` is Tencent's errcode, or 0."""

    def __init__(self, why: str, code: int = 0) -> None:
        super().__init__(why)
        self.code = code


def client() -> httpx.Client:
    """The one client of a process, safe between threads; it ignores proxies from the environment."""
    # httpx writes every address to the log at INFO, and ours carry webhook keys and access tokens.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False)


def post(http: httpx.Client, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """POST JSON and return what Tencent answers. Raises Later or Never."""
    with trouble():
        response = http.post(url, json=body)
    check_status(response)
    return accepted(response.content)


@contextmanager
def trouble() -> Iterator[None]:
    """Turn what httpx raises into Later or Never, without the address: it holds a key or a token."""
    try:
        yield
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise Never("the address is no URL") from None
    except httpx.HTTPError as error:
        raise Later(NETWORK_WAIT_SECONDS, f"no answer: {type(error).__name__}") from None


def check_status(response: httpx.Response) -> None:
    if response.status_code == 429 or response.status_code >= 500:
        raise Later(NETWORK_WAIT_SECONDS, f"HTTP {response.status_code}")
    if response.status_code != 200:
        raise Never(f"HTTP {response.status_code}")


def accepted(body: bytes) -> dict[str, Any]:
    """The JSON object of an answer that says all is well; raises Later or Never for any other."""
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise Later(NETWORK_WAIT_SECONDS, "the answer is not JSON")
    code = answer.get("errcode", 0)
    if code == 0:
        return answer
    why = f"{code} {answer.get('errmsg', '')}"
    if code in WAIT_SECONDS:
        raise Later(WAIT_SECONDS[code], why)
    raise Never(why, code)
