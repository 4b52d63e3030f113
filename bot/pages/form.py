"""What a person filled in on the report page: read within bounds, and checked."""

import asyncio
import hashlib
import re
import secrets
import unicodedata
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from bot import photos
from handlers.typed import PHONE

PHOTOS_MAX = 3
TEXT_MAX = 2_000  # characters
PLACE_MAX = 100
FIELDS_BYTES = 256 * 1024
SMALL_BYTES = 64 * 1024
BODY_BYTES = PHOTOS_MAX * photos.BYTES_MAX + FIELDS_BYTES
# What is too much is read and thrown away up to here: a browser that may not finish sending shows no answer.
DRAIN_BYTES = 4 * BODY_BYTES
BODY_SECONDS = 300  # 30 MB over a village's mobile network
_FILES_MAX = 20  # more than we keep, so that too many of them can be told in words

_darkroom = ThreadPoolExecutor(2, thread_name_prefix="mashang-photos")


class Unreadable(Exception):
    """The body is no form, or broke off."""


class TooLarge(Exception):
    """The body is larger than three photos may be."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields as the person left them; `page_id` is what the opened page was numbered with."""

    page_id: str
    text: str = ""
    place: str = ""
    phone: str = ""
    uploads: tuple[UploadFile, ...] = ()
    lat: float | None = None
    lng: float | None = None

    @property
    def sheet_id(self) -> str:
        """The same for a form sent twice; another one when the page was reused for another report."""
        return hashlib.sha256(f"{self.page_id}\n{self.text}\n{self.place}".encode()).hexdigest()[:32]


def blank() -> Filled:
    return Filled(page_id=secrets.token_urlsafe(16))


async def receive(request: Request) -> Filled:
    """Read the form of a request. Raises TooLarge, or Unreadable."""
    headers = request.headers
    parser: MultiPartParser | FormParser
    if headers.get("content-type", "").startswith("multipart/form-data"):
        chunks = _bounded(request, BODY_BYTES)
        parser = MultiPartParser(headers, chunks, max_files=_FILES_MAX, max_part_size=FIELDS_BYTES)
    else:
        parser = FormParser(headers, _bounded(request, FIELDS_BYTES))
    return _filled(await _parsed(parser))


async def receive_with_photos(request: Request) -> tuple[dict[str, str], tuple[UploadFile, ...]]:
    """The fields of a form, each on one line, and its photos. Raises TooLarge, or Unreadable."""
    chunks = _bounded(request, BODY_BYTES)
    headers = request.headers
    parser = MultiPartParser(headers, chunks, max_files=_FILES_MAX, max_part_size=FIELDS_BYTES)
    sent = await _parsed(parser)
    return {name: _line(sent, name) for name in sent}, _uploads(sent)


async def receive_fields(request: Request) -> dict[str, str]:
    """The fields of a small form without files, each on one line. Raises TooLarge, or Unreadable."""
    sent = await _parsed(FormParser(request.headers, _bounded(request, SMALL_BYTES)))
    return {name: _line(sent, name) for name in sent}


async def _parsed(parser: MultiPartParser | FormParser) -> FormData:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await parser.parse()
    except (MultiPartException, ClientDisconnect, TimeoutError):
        raise Unreadable from None


async def _bounded(request: Request, bytes_max: int) -> AsyncGenerator[bytes, None]:
    """The body's chunks as long as they stay within `bytes_max`; else TooLarge, once the rest has gone by."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > DRAIN_BYTES:
        raise TooLarge
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > DRAIN_BYTES:
            raise TooLarge
        if size <= bytes_max:
            yield chunk
    if size > bytes_max:
        raise TooLarge


def _filled(sent: FormData) -> Filled:
    page_id = _line(sent, "page_id")
    return Filled(
        page_id=page_id if re.fullmatch(r"[\w-]{16,64}", page_id, re.ASCII) else blank().page_id,
        text=_text(sent, "text"),
        place=_line(sent, "place"),
        phone=_phone(_line(sent, "phone")),
        uploads=_uploads(sent),
        **_pin(sent),
    )


def _uploads(sent: FormData) -> tuple[UploadFile, ...]:
    """A browser sends an unused file field as a nameless, empty file: that is none."""
    files = [one for one in sent.getlist("photos") if isinstance(one, UploadFile)]
    return tuple(one for one in files if one.filename or one.size)


def _text(sent: FormData, name: str) -> str:
    value = sent.get(name, "")
    text = value if isinstance(value, str) else ""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs")).strip()


def _line(sent: FormData, name: str) -> str:
    return " ".join(_text(sent, name).split())


def _phone(written: str) -> str:
    """As it is dialled: half-width digits, nothing between them, without China's own prefix."""
    return re.sub(r"[\s()-]", "", unicodedata.normalize("NFKC", written)).removeprefix("+86")


def _pin(sent: FormData) -> dict[str, float]:
    """The place the phone gave; what is no place on earth was not written by a person and is left out."""
    try:
        lat, lng = float(_line(sent, "lat")), float(_line(sent, "lng"))
    except ValueError:
        return {}
    return {"lat": lat, "lng": lng} if -90 <= lat <= 90 and -180 <= lng <= 180 else {}


def problems(filled: Filled) -> dict[str, str]:
    """Field → what the person should mend. Empty when all is well."""
    found = {}
    if not filled.text:
        found["text"] = "请写下发生了什么事，一句话也可以。"
    elif len(filled.text) > TEXT_MAX:
        found["text"] = f"最多写 {TEXT_MAX:,} 个字，现在有 {len(filled.text):,} 个，请写短一点。"
    if len(filled.place) > PLACE_MAX:
        found["place"] = f"地点最多写 {PLACE_MAX} 个字。"
    if filled.phone and not PHONE.fullmatch(filled.phone):
        found["phone"] = "电话号码好像不对，请检查一下；不想留可以空着。"
    if len(filled.uploads) > PHOTOS_MAX:
        found["photos"] = f"最多传 {PHOTOS_MAX} 张照片，请重新选择。"
    return found


async def close(filled: Filled) -> None:
    """Let go of the files that the uploads lie in."""
    for upload in filled.uploads:
        await upload.close()


async def develop(uploads: tuple[UploadFile, ...]) -> tuple[bytes, ...]:
    """The uploads as JPEGs without metadata, two at a time in the whole process. Raises photos.BadPhoto."""
    loop = asyncio.get_running_loop()
    return tuple([await loop.run_in_executor(_darkroom, _develop, upload.file) for upload in uploads])


def _develop(file: BinaryIO) -> bytes:
    return photos.reencode(file.read(photos.BYTES_MAX + 1))
