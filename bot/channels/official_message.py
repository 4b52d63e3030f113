"""公众号 客服消息: writes to a resident outside the passive reply, and fetches the pictures they sent."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import httpx

from bot.delivery import NETWORK_WAIT_SECONDS, Later, Never, accepted, check_status, post, trouble
from bot.settings import Settings

NAME = "official"
LIMIT_BYTES = 2048
MEDIA_BYTES = 10 * 1024 * 1024
RENEW_BEFORE_SECONDS = 300
NO_TOKEN_WAIT_SECONDS = 300
# The token was replaced or ran out before its time: one new one is worth a try.
STALE_TOKEN = {40001, 40014, 42001}

T = TypeVar("T")


class OfficialMessages:
    """The account's own API, safe between threads; it keeps the access token."""

    def __init__(
        self, http: httpx.Client, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._base = f"{settings.wechat_api_base.rstrip('/')}/cgi-bin"
        self._token = _Token(http, self._base, settings, clock)

    def send(self, address: str, text: str) -> None:
        """Send a text of at most LIMIT_BYTES to an openid.

        Raises Later or Never; Never also when 48 hours have passed since the person last wrote (45015) or
        five messages were sent since then (45047).
        """
        url = f"{self._base}/message/custom/send?access_token="
        message = {"touser": address, "msgtype": "text", "text": {"content": text}}
        self._with_token(lambda token: post(self._http, url + token, message))

    def fetch_media(self, media_id: str) -> bytes:
        """The picture of a message as Tencent keeps it (3 days), at most 10 MB. Raises Later or Never.

        Only the declared type and the size are checked: whoever keeps it must re-encode it.
        """
        return self._with_token(lambda token: self._download(token, media_id))

    def _with_token(self, call: Callable[[str], T]) -> T:
        token = self._token.get()
        try:
            return call(token)
        except Never as refusal:
            if refusal.code not in STALE_TOKEN:
                raise
        try:
            return call(self._token.get(refused=token))
        except Never as refusal:
            if refusal.code not in STALE_TOKEN:
                raise
            raise Later(NO_TOKEN_WAIT_SECONDS, f"a new access token is refused too: {refusal}") from None

    def _download(self, token: str, media_id: str) -> bytes:
        query = {"access_token": token, "media_id": media_id}
        body = b""
        with trouble(), self._http.stream("GET", f"{self._base}/media/get", params=query) as response:
            check_status(response)
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MEDIA_BYTES:
                    raise Never("the picture is larger than 10 MB")
        if response.headers.get("content-type", "").startswith("image/"):
            return body
        accepted(body)
        raise Never("not a picture")


class _Token:
    """One access token for all threads, from stable_token: fetching it again does not void the one in use."""

    def __init__(self, http: httpx.Client, base: str, settings: Settings, clock: Callable[[], float]) -> None:
        self._http = http
        self._url = f"{base}/stable_token"
        self._account = {"appid": settings.wechat_app_id, "secret": settings.wechat_app_secret}
        self._clock = clock
        self._lock = threading.Lock()
        self._value = ""
        self._until = 0.0

    def get(self, refused: str = "") -> str:
        """The token in use; another one where it is about to run out or is the `refused` one.

        One thread fetches while the others wait, at most the timeout of one call. Raises Later.
        """
        with self._lock:
            if self._value == refused or self._clock() >= self._until:
                self._fetch()
            return self._value

    def _fetch(self) -> None:
        try:
            got = post(self._http, self._url, {"grant_type": "client_credential", **self._account})
        except Never as refusal:  # a wrong secret or a missing IP address: an administrator can mend it
            raise Later(NO_TOKEN_WAIT_SECONDS, f"no access token: {refusal}") from None
        value, seconds = got.get("access_token"), got.get("expires_in")
        if not isinstance(value, str) or not value or not isinstance(seconds, int):
            raise Later(NETWORK_WAIT_SECONDS, "the answer holds no access token")
        self._value = value
        self._until = self._clock() + max(0, seconds - RENEW_BEFORE_SECONDS)
