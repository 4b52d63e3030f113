"""Bring a text into the one form that rules are written in."""

import re
import string
import unicodedata
from collections.abc import Collection
from functools import cache, lru_cache
from typing import Protocol, cast

UNSEEN = re.compile(  # control, zero-width, direction and variation marks; halves of broken characters
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
STICKER = re.compile(r"\[[一-鿿A-Za-z]{1,8}\]")  # of WeChat: [微笑] or [Smile]
EMOJI = re.compile(
    "[\u20e3\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\ue000-\uf8ff"
    "\U0001f000-\U0001faff]+"
)
_MARKS = "!?,.;:~。、·—-"
AGAIN = re.compile(rf"(.)\1(?:\1+|(?<=[{_MARKS}]))")  # three of a kind, or two marks
# Numbers stay as they are, also those written 二〇〇〇 or 一一九, as do Latin letters. A reader of masked
# phones needs every * of them.
_LETTER = re.compile(r"[^\W\d_a-zA-Z零〇一二三四五六七八九十百千万亿]")
_ORDINARY = (
    string.digits
    + string.ascii_letters
    + " \n\t!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~、。〈〉《》「」『』【】〔〕“”‘’·—"
)
SETTLED_MAX = 4  # conversions until nothing changes: 薴 → 苧 → 苎 is the longest chain
_IN_WORDS = frozenset("覆藉著")  # converted in some words only, such as 答覆 and 藉口
_COMMON = tuple(zip("，！？：；（）～", ",!?:;()~", strict=True))


@lru_cache(maxsize=128)  # asked for several times of a text, of each that is on its way
def plain(text: str) -> str:
    """The text in NFKC and simplified characters, without stickers, emoji and what cannot be seen.

    Runs of white space become one space, runs of one mark one mark, and a character is said at most
    twice in a row. Doing it twice changes nothing. A picture leaves a space, so that the words beside
    it do not grow together. `nlp.written` tells where in the text each character comes from.
    """
    for wide, narrow in _COMMON:
        text = text.replace(wide, narrow)
    odd = _odd().findall(text)
    text = _evened(text, set(odd)) if odd else shortened(text)
    if "[" in text:
        text = STICKER.sub(" ", text)
    return " ".join(text.split())


@cache
def _odd() -> re.Pattern[str]:
    """To find the characters that something must be done about; nine of ten texts hold none."""
    simple = "".join(sorted(set(map(chr, range(0x4E00, 0x9FA6))) - _traditional()))
    return re.compile(f"[^{re.escape(_ORDINARY)}{simple}]")


def _evened(text: str, odd: Collection[str]) -> str:
    """The text with its `odd` characters brought into form, and shortened."""
    formed = {each: _formed(each) for each in odd}
    if any(map(joins, odd)):
        text = EMOJI.sub(" ", unicodedata.normalize("NFKC", UNSEEN.sub("", text)))
    else:  # as nearly always, and many times faster
        for each, other in formed.items():
            if each != other:
                text = text.replace(each, other)
    return _settled(text) if _to_convert().search("".join(formed.values())) else shortened(text)


@lru_cache(maxsize=4_096)
def _formed(odd: str) -> str:
    """What becomes of a character that joins no other, but for making it simplified."""
    return "" if UNSEEN.match(odd) else EMOJI.sub(" ", unicodedata.normalize("NFKC", odd))


@lru_cache(maxsize=4_096)
def joins(character: str) -> bool:
    """Whether a character may become one with the characters before it."""
    first = unicodedata.normalize("NFKD", character)[0]
    return unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"


def _settled(text: str) -> str:
    """Simplified and without repetitions: one may make room for the other."""
    for _ in range(SETTLED_MAX):
        before, text = text, shortened(simplified(text))
        if text == before:
            break
    return text


def shortened(text: str) -> str:
    """The text with what is said again and again said once or twice: 救救救救我 is 救救我, ！！！ is ！."""
    return AGAIN.sub(said, text)


def said(again: re.Match[str]) -> str:
    """What is left of a match of AGAIN: 人人, www and numbers stay as they are."""
    one = again[1]
    return one if one in _MARKS else one + one if _LETTER.match(one) else again[0]


def simplified(text: str) -> str:
    """The text in simplified characters, each at the place of the one it was."""
    return _converter().convert(text) if _to_convert().search(text) else text


@cache
def _to_convert() -> re.Pattern[str]:
    # One more character beyond the first plane, and the search is a hundred times slower.
    common = "".join(sorted(one for one in _traditional() if one <= "\uffff"))
    return re.compile(f"[{common}]|[\U00020000-\U0002fa1f]")


@cache
def _traditional() -> frozenset[str]:
    """Every character that the conversion changes; nearly no text holds one."""
    codes = (*range(0x3400, 0xA000), *range(0xF900, 0xFB00), *range(0x20000, 0x2FA20))
    han = [chr(code) for code in codes]
    simple = _converter().convert("\n".join(han)).split("\n")
    return frozenset(one for one, other in zip(han, simple, strict=True) if one != other) | _IN_WORDS


class _Converter(Protocol):
    def convert(self, text: str) -> str: ...


@cache
def _converter() -> _Converter:
    from opencc import OpenCC  # loaded on first need: 3 ms and 1 MB that many commands never use

    return cast(_Converter, OpenCC("t2s"))
