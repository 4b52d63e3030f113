"""Names as others may see them: the family name, the rest as stars."""

# Family names of two characters that are common enough to meet.
_DOUBLE = (
    "欧阳",
    "上官",
    "司马",
    "诸葛",
    "司徒",
    "皇甫",
    "尉迟",
    "公孙",
    "慕容",
    "令狐",
    "端木",
    "夏侯",
    "东方",
    "南宫",
)


def masked_name(name: str) -> str:
    """李*英 would tell too much in a village of Lis: 李**, 欧阳*; "" stays empty."""
    family = name[:2] if name.startswith(_DOUBLE) and len(name) > 2 else name[:1]
    return family + "*" * (len(name) - len(family)) if len(name) > 1 else name
