"""Photos from strangers become plain upright JPEGs; everything else is refused in words."""

import struct
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot import photos
from bot.photos import BadPhoto, PhotoTooLarge, reencode

ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825
RED, BLUE, WHITE = (200, 30, 30), (30, 30, 200), (255, 255, 255)


def draw(kind: str, size: tuple[int, int] = (320, 200), colour: object = RED, **options: object) -> bytes:
    out = BytesIO()
    Image.new(str(options.pop("mode", "RGB")), size, colour).save(out, kind, **options)
    return out.getvalue()


def look(jpeg: bytes) -> Image.Image:
    picture = Image.open(BytesIO(jpeg))
    picture.load()
    return picture


def is_near(seen: object, colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) <= 12 for a, b in zip(seen, colour, strict=True))  # type: ignore[call-overload]


def phone_photo() -> bytes:
    """As a phone writes it: stored lying, marked to be turned, with maker and position; red above blue."""
    upright = Image.new("RGB", (200, 320), RED)
    upright.paste(BLUE, (0, 160, 200, 320))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[MAKE] = "SecretPhoneMaker"
    exif.get_ifd(GPS)[2] = (31.0, 12.0, 34.5)
    out = BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(
        out,
        "JPEG",
        exif=exif,
        comment=b"SecretComment",
        xmp=b"<x>SecretXmp</x>",
        icc_profile=b"SecretColours",
    )
    return out.getvalue()


def test_a_phone_photo_stands_upright_and_tells_nothing_of_its_owner() -> None:
    sent = phone_photo()
    assert all(mark in sent for mark in (b"Exif", b"SecretPhoneMaker", b"SecretComment", b"SecretXmp"))
    kept = reencode(sent)
    picture = look(kept)
    assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (200, 320), {})
    assert is_near(picture.getpixel((100, 40)), RED)
    assert is_near(picture.getpixel((100, 280)), BLUE)
    assert [mark for mark in (b"Exif", b"Secret", b"ICC_PROFILE", b"http:") if mark in kept] == []


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_of_picture_becomes_a_jpeg(kind: str) -> None:
    picture = look(reencode(draw(kind)))
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (320, 200))
    assert is_near(picture.getpixel((10, 10)), RED)


@pytest.mark.parametrize(
    ("mode", "colour"), [("L", 128), ("CMYK", (0, 0, 0, 127)), ("1", 1), ("I;16", 30000)]
)
def test_rare_colour_modes_are_taken(mode: str, colour: object) -> None:
    kind = "JPEG" if mode in ("L", "CMYK") else "PNG"
    assert look(reencode(draw(kind, mode=mode, colour=colour))).mode == "RGB"


def test_a_large_photo_is_made_smaller_and_a_small_one_is_not_made_larger() -> None:
    assert look(reencode(draw("JPEG", (4000, 3000)))).size == (1600, 1200)
    assert look(reencode(draw("PNG", (900, 3200)))).size == (450, 1600)
    assert look(reencode(draw("PNG", (3, 5)))).size == (3, 5)


def test_what_is_transparent_becomes_white() -> None:
    seen = look(reencode(draw("PNG", mode="RGBA", colour=(200, 30, 30, 0))))
    assert is_near(seen.getpixel((5, 5)), WHITE)


def test_of_an_animation_the_first_picture_is_kept() -> None:
    first, second = Image.new("RGB", (40, 40), RED), Image.new("RGB", (40, 40), BLUE)
    out = BytesIO()
    first.save(out, "GIF", save_all=True, append_images=[second])
    assert is_near(look(reencode(out.getvalue())).getpixel((20, 20)), RED)


def test_more_than_ten_megabytes_are_refused_unread() -> None:
    with pytest.raises(PhotoTooLarge, match="超过 10 MB"):
        reencode(b"\xff" * (photos.BYTES_MAX + 1))


def test_a_tiny_file_that_unfolds_to_a_giant_picture_is_refused() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    def png(side: int) -> bytes:
        header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(b""))
            + chunk(b"IEND", b"")
        )

    for side in (6_400, 7_500, 60_000):
        with pytest.raises(BadPhoto, match="像素太高"):
            reencode(png(side))


def test_an_iphones_heic_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadPhoto, match=r"HEIC.*截图"):
        reencode(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(400))


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"%PDF-1.7 ...", b"<svg xmlns='http://www.w3.org/2000/svg'/>", draw("BMP"), draw("TIFF")],
    ids=["empty", "text", "pdf", "svg", "bmp", "tiff"],
)
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(BadPhoto, match="不是照片"):
        reencode(data)


def test_a_photo_that_broke_off_is_refused() -> None:
    whole = phone_photo()
    with pytest.raises(BadPhoto, match="没有传完整"):
        reencode(whole[: len(whole) // 2])


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]),
    changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=12),
)
def test_a_damaged_file_is_taken_or_refused_but_never_breaks_anything(
    kind: str, changes: list[tuple[int, int]]
) -> None:
    damaged = bytearray(draw(kind, (64, 48)))
    for at, value in changes:
        damaged[at % len(damaged)] = value
    try:
        kept = reencode(bytes(damaged))
    except BadPhoto:
        return
    assert look(kept).format == "JPEG"
