"""Recognise a message that only greets or thanks, and phrases that cover the whole of a question."""

import re
from collections.abc import Iterable

from nlp.plain import plain

_PEOPLE = (
    "领导|老师|师傅|客服|大家|各位|你们|您们|政府|书记|主任|村长|镇长|网格员|工作人员|同志|机器人|小助手|"
    "码上办|亲|您|你"
)
_PARTICLE = "啊|呀|哦|噢|喔|呢|吧|了|哈|嘛|啦|哟|呐|哇|的|额|呃|唉|诶|嗨"
_GREETING = (
    "你好|您好|大家好|领导好|老师好|早上好|上午好|中午好|下午好|晚上好|早安|午安|晚安|早|新年好|新年快乐|春节快乐|节日快乐|过年好|"
    "在吗|在不在|在么|在没|有人吗|有人在吗|有人没|请问|打扰一下|打扰|哈喽|哈罗|喂|hello|hi|hey|你好吗|最近好吗|再见|拜拜|bye"
)
_THANKS = (
    "谢谢|多谢|感谢|谢过|谢|辛苦|费心|好的|好滴|好嘞|好|收到|知道|明白|了解|晓得|行|可以|没事|没问题|不客气|嗯|恩|"
    "okay|ok|okk|thanks|thankyou|thank|thx|3q|点赞|赞|满意|给力"
)
_FOR_WHAT = "及时|关心|帮助|帮忙|支持|回复|理解|处理|解决|工作|服务|配合|付出|一下"
_STRENGTH = "非常|十分|万分|太|很|真是|真|实在|又|都|也|先|那|就|再次|一声"
# What a question may hold beside its matter. No word that denies: 积分没有了 is no question.
_ASKING = (
    "问一下|问下|问问|想问|我想问|咨询|了解|想知道|请教|告诉|说说|说一下|讲讲|麻烦|劳驾|请|帮我|我们|我|咱们|咱|俺|自己|别人|"
    "怎么样|怎么办|怎么|咋样|咋|怎样|如何|什么|啥|哪里|哪儿|哪|几|多少|可不可以|可以|能不能|能|会不会|会|要不要|要|想|该|"
    "是不是|是|有没有|有|吗|嘛|么|这个|那个|这|那|在|到|去|来|用|得|个|现在|今天|平时|一般|后|之后|谢谢|到底|具体|呀|才"
)

_IGNORED = re.compile(r"[\W_]+")


def _any(*words: str) -> str:
    """One of the words, the longest first; what has matched is not tried again another way."""
    return f"(?>{'|'.join(sorted('|'.join(words).split('|'), key=len, reverse=True))})"


_ONLY_COURTESY = re.compile(
    f"(?:{_any(_GREETING)}|{_any(_THANKS)}{_any(_PEOPLE, _PARTICLE, _FOR_WHAT, _STRENGTH)}*+"
    f"|{_any(_PEOPLE, _PARTICLE, _STRENGTH)})*+"
)
_HOLDS_THANKS = re.compile(_any(_THANKS))
_GREETINGS = re.compile(_any(_GREETING))
LEAD = re.compile(
    rf"(?:[\W_]|{_any(_GREETING)}|尊敬的|敬爱的|{_any(_PEOPLE)}(?=[\W_]|好|{_any(_GREETING)}))*+"
)
TEXT_LENGTH_MAX = 40  # a longer one says more than thanks
_LONGER = re.compile(rf"(?:[\W_]*+[^\W_]){{{TEXT_LENGTH_MAX + 1}}}")


def courtesy(text: str) -> str | None:
    """ "greeting" or "thanks" where nothing else is left of the text, else None.

    Nothing but punctuation, stickers or emoji is a greeting.
    """
    simple = plain(text)
    if _LONGER.match(simple):
        return None
    left = _IGNORED.sub("", simple).lower()
    if len(left) > TEXT_LENGTH_MAX or not _ONLY_COURTESY.fullmatch(left):
        return None
    return "thanks" if _HOLDS_THANKS.search(_GREETINGS.sub(" ", left)) else "greeting"


_FILLER = frozenset("|".join((_GREETING, _THANKS, _PEOPLE, _PARTICLE, _ASKING)).split("|"))


class Cover:
    """Phrases that together with courtesy, particles and question words may make up a whole text.

    A phrase is written "积分|分数 怎么赚|怎么挣": a word of each group must stand there, in any order.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = [_Phrase(phrase) for phrase in phrases]
        # Nearly every report holds a character that no phrase and no filler has: it is let go at once.
        self._known = frozenset("".join(_FILLER.union(*(phrase.groups for phrase in self._phrases))))

    def find(self, text: str) -> int | None:
        """Which phrase covers the whole of a plain text, the first that does; else None."""
        left = _IGNORED.sub("", text[: 2 * TEXT_LENGTH_MAX]).lower()
        if len(left) > TEXT_LENGTH_MAX or not self._phrases or not self._known.issuperset(left):
            return None
        return next((which for which, phrase in enumerate(self._phrases) if phrase.covers(left)), None)


class _Phrase:
    def __init__(self, written: str) -> None:
        parts = written.lower().split()
        self.groups = {word: 1 << which for which, part in enumerate(parts) for word in part.split("|")}
        self._all = (1 << len(parts)) - 1
        self._lengths = sorted({len(word) for word in _FILLER.union(self.groups)})

    def covers(self, text: str) -> bool:
        """Whether the text can be cut into words and fillers so that each group is met."""
        reached: list[set[int]] = [set() for _ in range(len(text) + 1)]
        reached[0].add(0)  # at each place, the groups met on each way that leads there
        for start, ways in enumerate(reached):
            for end in [start + length for length in self._lengths if ways and start + length <= len(text)]:
                word = text[start:end]
                if word in self.groups:
                    reached[end].update(met | self.groups[word] for met in ways)
                if word in _FILLER:
                    reached[end] |= ways
        return self._all in reached[-1]
