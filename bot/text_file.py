"""Text files as people save them: UTF-8, or the GBK that Excel writes in China."""

import re
from pathlib import Path

_CHINESE = re.compile("[\u4e00-\u9fff]")
_HIGH = bytes(range(0x80, 0x100))


def read_text(file: Path) -> str:
    """The text of a file without the mark at its beginning. Raises ValueError with one line in Chinese."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"读不了 {file}：{error.strerror}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        if not _is_broken_utf8(content):
            return content.decode("gb18030")
    except UnicodeDecodeError:
        pass
    raise ValueError(f"{file.name} 的编码不对，请另存为 UTF-8 的 CSV")


def _is_broken_utf8(content: bytes) -> bool:
    """Whether most of it is Chinese in UTF-8: with a broken byte it also decodes as GBK, to nonsense.

    Of real GBK a few characters in a hundred look like UTF-8 by chance.
    """
    high = len(content) - len(content.translate(None, _HIGH))
    return 3 * len(_CHINESE.findall(content.decode(errors="ignore"))) > high / 2
