"""How a person is called where everybody can read it."""


def masked(name: str) -> str:
    """The first character and ＊: 李＊; 居民 for somebody without a name."""
    return f"{name[0]}＊" if name else "居民"
