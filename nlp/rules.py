"""Read the town's rule files and check every block of them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from struct import Struct
from types import MappingProxyType

from nlp.alarms import CALLS, CALM, WITHIN, Alarms, Back, Beside, Hint, Sign
from nlp.around import SIDES, Context, Pair, Window, whole_key
from nlp.rule_file import WEIGHT_MAX, Block, File
from nlp.scan import Scanner, fold

DANGER = "urgent_words.toml"
OTHER = "other"  # the category of what no word was found in
OPENING_MAX, REACH_MAX = 1_000, 100_000
DISTANCE, DISTANCE_MAX = 8, 100  # characters between the words of a pair
LEVEL_END = "/"
GAP_MAX = 20  # characters between a window and the word it takes back
LANE_BITS = 32
# Totals stay between 0 and 1 << 30, where integers are cheapest: 250,000 words of the highest weight,
# each counted twice.
LANE_ZERO = 1 << 29


@dataclass(frozen=True)
class Category:
    """One kind of case (事件类别), as its block in the rule file says."""

    code: str
    name: str
    department: str
    due_hours: int
    bias: int
    keywords: Mapping[str, int]
    exclude: tuple[str, ...]
    examples: tuple[str, ...]
    whole: Mapping[str, int]  # what a word weighs more where it stands by itself
    pairs: tuple[Pair, ...]


Votes = tuple[tuple[int, int], ...]  # (which category, weight)


@dataclass(frozen=True)
class Rules:
    """All rule files of one county, checked and made ready to scan with; never changed."""

    categories: tuple[Category, ...]
    by_code: Mapping[str, Category]
    margin: int  # a lead smaller than this is uncertain
    nested: bool  # a word counts also inside a longer one
    opening: int  # so many characters at the start, where a word counts twice
    reach: int | None  # so many characters of a text, as written, are read; None: all
    fragments: frozenset[str]  # keywords that are no words by themselves
    revision: str
    scanner: Scanner
    # By number: the words of the scanner, then pairs and whole words, then what is left of each of them
    # where it is taken back, for one percentage after the other.
    weights: tuple[Votes, ...]
    spelling: tuple[str, ...]  # how people read it
    lanes: tuple[int, ...]  # its weights for all categories, packed (see `pack`)
    speakers: tuple[frozenset[int], ...]  # for each category the numbers of what speaks for it
    start: int  # the biases of all categories, packed
    layout: Struct  # to unpack such a sum
    hiding: frozenset[int]  # the words excluded somewhere
    beside_from: (
        int  # words of the scanner from here on are the context's: they do not count and hide nothing
    )
    context: Context | None  # None where the file has only words
    levels: tuple[str, ...]  # what the parts of a code are, where they have several: 一级/二级/三级
    alarms: Alarms
    danger: "Rules | None" = None  # urgent_words.toml: the categories are the numbers to call, and CALM

    @property
    def votes(self) -> tuple[Votes, ...]:
        """For each word of the scanner."""
        return self.weights[: len(self.scanner.words)]

    @property
    def asks_for_whole_words(self) -> bool:
        """Whether jieba's dictionary will be needed."""
        return self.context is not None and bool(self.context.whole)


def load(folder: Path) -> Rules:
    """The rules of a folder with categories.toml, urgent.toml and, if it is there, urgent_words.toml.

    Raises ValueError naming file, block and reason.
    """
    files = [File(folder / "categories.toml"), File(folder / "urgent.toml")]
    needed = {"name", "department", "due_hours"}
    danger = None
    if (folder / DANGER).exists():
        files.append(File(folder / DANGER))
        danger = _danger(files[-1])
    rules = _compile(files[0], needed, _alarms(files[1]), revision=_revision(files))
    return replace(rules, danger=danger)


def load_categories(file: Path) -> Rules:
    """The rules of one category file alone: any codes; only `code` and `keywords` must be given.

    Raises ValueError naming file, block and reason.
    """
    categories = File(file)
    return _compile(categories, set(), Alarms(), revision=_revision([categories]))


_HEAD_KEYS = {
    *("category", "margin", "nested", "opening", "reach", "fragments", "distance", "window", "levels")
}
_CATEGORY_KEYS = {
    *("code", "name", "department", "due_hours", "bias"),
    *("keywords", "whole", "pairs", "exclude", "examples"),
}


def _compile(file: File, needed: set[str], alarms: Alarms, *, revision: str) -> Rules:
    head = file.block("head", file.content, _HEAD_KEYS, set())
    levels = head.texts("levels")
    categories = _categories(file, needed, head.number("distance", DISTANCE, 0, DISTANCE_MAX), levels)
    in_order = tuple(categories.values())
    windows = tuple(_window(block) for block in file.blocks("window", _WINDOW_KEYS, {"side", "words"}))
    votes = _votes(in_order)
    excluded = frozenset(word for category in in_order for word in category.exclude)
    beside = _beside(in_order, windows, excluded)
    scanner = Scanner(votes, beside)
    beyond = _beyond(in_order)
    whole = (
        *map(tuple, votes.values()),
        *(() for _ in beside),
        *(tuple(each) for _, each in beyond.values()),
    )
    percents = sorted({window.percent for window in windows} - {0})
    weights = (*whole, *(_left(each, percent) for percent in percents for each in whole))
    return Rules(
        categories=in_order,
        by_code=MappingProxyType(categories),
        margin=head.number("margin", 2, 0, WEIGHT_MAX),
        nested=head.flag("nested"),
        opening=head.number("opening", 0, 0, OPENING_MAX),
        reach=head.number("reach", 0, 0, REACH_MAX) or None,
        fragments=frozenset(head.words("fragments")),
        revision=revision,
        scanner=scanner,
        weights=weights,
        spelling=(*scanner.words, *(shown for shown, _ in beyond.values())) * (1 + len(percents)),
        lanes=tuple(map(cache(pack), weights)),  # most words weigh what another does: kept once
        speakers=_speakers(weights, len(in_order)),
        start=pack(tuple((which, LANE_ZERO + category.bias) for which, category in enumerate(in_order))),
        layout=Struct(f"<{len(in_order)}I"),
        hiding=frozenset(which for word, which in scanner.numbers.items() if word in excluded),
        beside_from=len(votes),
        context=_context(
            in_order,
            windows,
            numbers={key: number for number, key in enumerate(beyond, len(scanner.words))},
            less={percent: len(whole) * at for at, percent in enumerate((100, *percents))},
            covers=frozenset(which for which, word in enumerate(beside, len(votes)) if word in excluded),
        )
        if beside
        else None,
        levels=levels,
        alarms=alarms,
    )


def _categories(file: File, needed: set[str], distance: int, levels: tuple[str, ...]) -> dict[str, Category]:
    categories: dict[str, Category] = {}
    for block in file.blocks("category", _CATEGORY_KEYS, {"code", "keywords"} | needed):
        category = _category(block, distance, levels)
        if category.code in categories:
            block.refuse("this code stands twice")
        categories[category.code] = category
    if not categories:
        raise ValueError(f"{file.name}: there is no [[category]] block")
    return categories


def pack(weights: Votes) -> int:
    """One number that holds a total of every category, so that adding a word is one addition.

    Category `which` has the bits from `which * LANE_BITS` on; LANE_ZERO keeps its total above 0.
    """
    return sum(weight << which * LANE_BITS for which, weight in weights)


def _category(block: Block, distance: int, levels: tuple[str, ...]) -> Category:
    code = block.text("code")
    if levels and len([part for part in code.split(LEVEL_END) if part.strip()]) != len(levels):
        block.refuse(f'"code" must have the {len(levels)} parts {LEVEL_END.join(levels)}')
    keywords, exclude, whole = block.weights("keywords"), block.words("exclude"), block.weights("whole")
    for word in (*keywords, *whole):
        if fold(word) in exclude:
            block.refuse(f'"{word}" is both a keyword and excluded')
    return Category(
        code=code,
        name=block.text("name", code),
        department=block.text("department"),
        due_hours=block.number("due_hours", 168, 1, 10_000),
        bias=block.number("bias", 0, -WEIGHT_MAX, WEIGHT_MAX),
        keywords=keywords,
        exclude=exclude,
        examples=block.texts("examples"),
        whole=whole,
        pairs=tuple(_pairs(block, distance)),
    )


def _pairs(block: Block, distance: int) -> Iterable[Pair]:
    """Each [first, second, weight] or [first, second, weight, distance]; "or" is written "|"."""
    rows = block.content.get("pairs", [])
    seen: set[str] = set()
    for row in rows if isinstance(rows, list) else [rows]:
        match [*row, distance] if isinstance(row, list) and len(row) == 3 else row:
            case [str(first), str(second), int(weight), int(near)] if (
                type(weight) is int and 0 < abs(weight) <= WEIGHT_MAX and 0 <= near <= DISTANCE_MAX
            ):
                sides = fold(first).split("|"), fold(second).split("|")
            case _:
                block.refuse(
                    f'a pair must be ["this|or this", "that|or that", weight], the weight from 1 to'
                    f" {WEIGHT_MAX} or below 0; a fourth number is its distance, 0 to {DISTANCE_MAX}: {row}"
                )
        for word in (*sides[0], *sides[1]):
            block.check_word(word)
        pair = Pair(tuple(sides[0]), tuple(sides[1]), weight, near)
        if pair.key in seen:
            block.refuse(f'"pairs" holds {pair.key} twice')
        seen.add(pair.key)
        yield pair


_WINDOW_KEYS = {"side", "words", "but", "gap", "percent"}


def _window(block: Block) -> Window:
    if block.text("side") not in SIDES:
        block.refuse('"side" must be "before" or "after"')
    return Window(
        side=block.text("side"),
        words=block.words("words"),
        but=block.words("but"),
        gap=block.number("gap", 0, 0, GAP_MAX),
        percent=block.number("percent", 0, 0, 99),
    )


def _votes(categories: Iterable[Category]) -> dict[str, list[tuple[int, int]]]:
    """For each word of the file its votes; an excluded word has none and hides what lies inside it."""
    spelling: dict[str, str] = {}
    votes: dict[str, list[tuple[int, int]]] = {}
    for which, category in enumerate(categories):
        for word, weight in category.keywords.items():
            votes.setdefault(spelling.setdefault(fold(word), word), []).append((which, weight))
        for word in category.exclude:
            votes.setdefault(spelling.setdefault(fold(word), word), [])
    return votes


def _beside(
    categories: Iterable[Category], windows: Iterable[Window], excluded: Iterable[str]
) -> Sequence[str]:
    """The words of the context, and the excluded ones that hold one of them."""
    used = [word for category in categories for pair in category.pairs for word in pair.firsts + pair.seconds]
    used += [fold(word) for category in categories for word in category.whole]
    used += [word for window in windows for word in (*window.words, *window.but)]
    covers = [word for word in excluded if any(one in word and one != word for one in used)]
    return tuple(dict.fromkeys([*used, *sorted(covers)]))


def _beyond(categories: Iterable[Category]) -> dict[str, tuple[str, list[tuple[int, int]]]]:
    """Pairs and whole words by their keys: how people read them, and what they weigh."""
    beyond: dict[str, tuple[str, list[tuple[int, int]]]] = {}
    for which, category in enumerate(categories):
        rows = [(whole_key(fold(word)), word, weight) for word, weight in category.whole.items()]
        rows += [(pair.key, pair.key, pair.weight) for pair in category.pairs]
        for key, shown, weight in rows:
            beyond.setdefault(key, (shown, []))[1].append((which, weight))
    return beyond


def _left(votes: Votes, percent: int) -> Votes:
    return tuple((which, round(weight * percent / 100)) for which, weight in votes)


def _speakers(weights: Iterable[Votes], categories: int) -> tuple[frozenset[int], ...]:
    speakers: list[set[int]] = [set() for _ in range(categories)]
    for number, votes in enumerate(weights):
        for which, weight in votes:
            if weight > 0:
                speakers[which].add(number)
    return tuple(map(frozenset, speakers))


def _context(
    categories: Iterable[Category],
    windows: Iterable[Window],
    *,
    numbers: Mapping[str, int],
    less: Mapping[int, int],
    covers: frozenset[int],
) -> Context:
    pairs: dict[str, dict[str, Pair]] = {}
    for pair in (pair for category in categories for pair in category.pairs):
        for word in pair.firsts:
            pairs.setdefault(word, {}).setdefault(pair.key, pair)
    beside: dict[str, dict[Window, None]] = {}
    for window in windows:
        for word in window.words:
            beside.setdefault(word, {})[window] = None
    return Context(
        pairs={first: tuple(each.values()) for first, each in pairs.items()},
        whole=frozenset(fold(word) for category in categories for word in category.whole),
        beside={word: tuple(each) for word, each in beside.items()},
        numbers=numbers,
        less=less,
        covers=covers,
    )


def _danger(file: File) -> Rules:
    rules = _compile(file, set(), Alarms(), revision=_revision([file]))
    if set(rules.by_code) != {*CALLS, CALM}:
        raise ValueError(f"{file.name}: the codes must be {', '.join((*CALLS, CALM))}")
    return rules


_LISTS = ("phrases", "before", "ahead", "clause", "onward", "now")
_WORDS_KEYS = {"point", "most", "alarm_at", "alone_at", "short", "length", "taken_back"}
_SIGN_KEYS = {"call", "name", "weight", "within", "words", "together", "examples"}


def _alarms(file: File) -> Alarms:
    keys = {"alarm_at", "long", "words", "lists", "sign", "hint", "back", "quiet"}
    head = file.block("head", file.content, keys, {"sign"})
    content = file.content.get("lists", {})
    lists = file.block("[lists]", content, set(content), set())
    named = {f"<{name}>": lists.words(name) for name in lists.content}
    back = file.block("[back]", file.content.get("back", {}), set(_LISTS), set())
    words = file.block("[words]", file.content.get("words", {}), _WORDS_KEYS, set())
    together = words.number("alarm_at", 0, -WEIGHT_MAX, WEIGHT_MAX)
    return Alarms(
        [_sign(block, named) for block in file.blocks("sign", _SIGN_KEYS, {"call", "name", "weight"})],
        [_hint(block) for block in file.blocks("hint", {"name", "weight", "words"}, {"name", "weight"})],
        Back(**{name: back.words(name) for name in _LISTS}),
        alarm_at=head.number("alarm_at", 3, 1, WEIGHT_MAX),
        long=head.number("long", 100, 1, 100_000),
        quiet=head.texts("quiet"),
        beside=Beside(
            point=words.number("point", 7, 1, WEIGHT_MAX),
            most=words.number("most", 6, 1, WEIGHT_MAX),
            alarm_at=together,
            alone_at=words.number("alone_at", together, -WEIGHT_MAX, WEIGHT_MAX),
            short=words.number("short", 8, 0, 100_000),
            length=words.number("length", 100, 1, 100_000),
            taken_back=words.number("taken_back", 4, 0, WEIGHT_MAX),
        ),
    )


def _sign(block: Block, named: Mapping[str, tuple[str, ...]]) -> Sign:
    if block.text("call") not in CALLS:
        block.refuse(f'"call" must be one of {", ".join(CALLS)}')
    words = block.words("words")
    return Sign(
        call=block.text("call"),
        name=block.text("name"),
        weight=block.number("weight", 1, 1, WEIGHT_MAX),
        within=block.number("within", WITHIN, 0, 100),
        ways=(((words,),) if words else ()) + block.together("together", named),
        examples=block.texts("examples"),
    )


def _hint(block: Block) -> Hint:
    weight = block.number("weight", 1, -WEIGHT_MAX, WEIGHT_MAX)
    return Hint(block.text("name"), weight, block.words("words"))


def _revision(files: Iterable[File]) -> str:
    return hashlib.sha256(b"\0".join(file.raw for file in files)).hexdigest()[:12]
