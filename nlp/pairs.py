"""The character pairs of texts as numbers, and how much each of them says."""

import re
import sys
from array import array
from collections.abc import Mapping
from math import log

from nlp.alike import runs

PEOPLE_MIN = 3  # fewer people saying the same are no issue
COMMON_MAX = 0.4  # a pair more people use than this share has nothing to say
PEOPLE_FEW = 30  # of fewer than so many it is not known which words are common

Pair = int  # two characters, of 16 bits each
_WIDTH = 2  # bytes of a character
_CODE = ("utf-16-le", "surrogatepass")  # beyond the first plane a character is two, which does no harm
# Pairs that say nothing of a matter: of numbers, of an area's name, of what letters to an office are full
# of whatever they are about. A month is too short to see by counting how common these are.
_EMPTY = re.compile(
    "[0-9 ]|.[省县镇乡]|尊敬|敬的|领导|导您|您好|你好|书记|市长|政府|部门|单位|有关|相关|关于|问题|情况|请问|咨询|询问|想问|投诉|举报"
    "|反映|建议|希望|要求|请求|恳请|强烈|解决|处理|回复|答复|谢谢|感谢|我们|他们|你们|我是|大家|一个|这个|一直|目前|现在|时间|多次"
    "|严重|影响|违规|可以|不能|没有|附近|周边|小区|社区|居民|业主|市民|百姓|工作|人员"
)


def pairs_of(text: str) -> set[Pair]:
    """The pairs of a text in its plain form; what stands between two runs makes one with a blank.

    Read as numbers of twice a character's width, once from the first and once from the second character:
    no pair need be cut out of the text and looked up.
    """
    data = " ".join(runs(text)).encode(*_CODE)
    end = len(data) - len(data) % (2 * _WIDTH)
    shifted = len(data) - (len(data) - _WIDTH) % (2 * _WIDTH)
    return set(array("I", data[:end])).union(array("I", data[_WIDTH:shifted]))


def pair_of(two: str) -> Pair:
    """The number of two characters."""
    return int.from_bytes(two.lower().encode(*_CODE), sys.byteorder)


def spelled(pair: Pair) -> str:
    return pair.to_bytes(2 * _WIDTH, sys.byteorder).decode(*_CODE)


def rarities(counts: Mapping[Pair, int], people: int) -> dict[Pair, int]:
    """How rare each pair is, by how many people use it, without those that say nothing.

    Whole numbers: a sum of them does not depend on the order of a set.
    """
    people = max(PEOPLE_FEW, people)
    rare = ((pair, many) for pair, many in counts.items() if PEOPLE_MIN <= many <= COMMON_MAX * people)
    worth = {
        pair: round(1000 * log(people / many)) for pair, many in rare if not _EMPTY.search(spelled(pair))
    }
    return {pair: each for pair, each in worth.items() if each}
