"""What an office prints and hands out: the QR code of each grid, invitations, household cards."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import segno

from bot.pages.render import written
from handlers.cards import Face
from store.units import Unit


def write_codes(units: Sequence[Unit], base_url: str, folder: Path) -> None:
    """One SVG a unit, named by its code; the same units give the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    for unit in units:
        code = segno.make(f"{base_url}/r/{unit.code}", error="m")
        code.save(str(folder / f"{unit.code}.svg"), border=4, omitsize=True, title=unit.name)


def open_private(file: Path) -> TextIO:
    """A file that only its owner may read: a code in it gives a role. What it held stays, for now."""
    file.touch(mode=0o600)
    file.chmod(0o600)
    return file.open("r+", encoding="utf-8-sig", newline="")  # with the mark by which Excel knows UTF-8


def write_invitations(file: TextIO, rows: Sequence[dict[str, str]], base_url: str) -> None:
    """One line a person, in place of what the file held."""
    with file:
        file.truncate()
        writer = csv.writer(file)
        writer.writerow(["姓名", "角色", "单位", "邀请码", "二维码网址"])
        for row in rows:
            writer.writerow(
                [row["name"], row["role"], row["unit"], row["code"], f"{base_url}/b/{row['code']}"]
            )


def write_cards(file: TextIO, unit: Unit, faces: Sequence[Face]) -> None:
    """Sheets of A4, ten cards each, for a browser to print; in place of what the file held."""
    with file:
        file.truncate()
        file.write(written("card_sheet.html", unit=unit, faces=faces))
