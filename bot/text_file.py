"""Text files as people save them: UTF-8, or the GBK that Excel writes in China."""

import re
from pathlib import Path

_CHINESE = re.compile("[\u4e00-\u9fff]")


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
        # A UTF-8 file with a broken byte also decodes as GBK, to nonsense; its Chinese gives it away.
        if not _CHINESE.search(content.decode(errors="ignore")):
            return content.decode("gb18030")
    except UnicodeDecodeError:
        pass
    raise ValueError(f"{file.name} 的编码不对，请另存为 UTF-8 的 CSV")
