"""Photos from strangers: proved to be pictures, turned upright, made smaller, freed of all they tell."""

from io import BytesIO

from PIL import Image, ImageOps

BYTES_MAX = 10 * 1024 * 1024
PIXELS_MAX = 40_000_000
SIDE_MAX = 1_600  # pixels
QUALITY = 82
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_RESIZED_WELL = ("RGB", "RGBA", "L", "CMYK")  # modes whose neighbouring pixels can be mixed

_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heif", b"heim", b"heis", b"mif1", b"msf1")
_NO_PICTURE = "这个文件不是照片，或者没有传完整。请重新拍一张，或换一张照片。"
_TOO_MANY_PIXELS = "这张照片的像素太高，超过 4,000 万。请用普通拍照模式重拍，或截图后再发。"
_TOO_LARGE = "这张照片超过 10 MB。请用普通拍照模式重拍，或截图后再发。"
_HEIC = "这张照片是苹果手机的 HEIC 格式，暂时打不开。请截图后再发，或把相机格式设为“兼容性最佳”。"


class BadPhoto(ValueError):
    """The file cannot be kept as a photo; the text says why, to the person who sent it."""


class PhotoTooLarge(BadPhoto):
    """The file has more than BYTES_MAX bytes; it was not looked into."""


def reencode(data: bytes) -> bytes:
    """The picture in `data` as a new upright JPEG of at most SIDE_MAX pixels a side, without any metadata.

    Of an animation the first frame is taken. Raises BadPhoto. Takes up to a second and, at worst,
    some 250 MB: call it in a thread, a few at a time, never inside a unit of work.
    """
    if len(data) > BYTES_MAX:
        raise PhotoTooLarge(_TOO_LARGE)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        raise BadPhoto(_HEIC)
    try:
        return _redraw(data)
    except BadPhoto:
        raise
    except Image.DecompressionBombError:  # Pillow's own, higher limit
        raise BadPhoto(_TOO_MANY_PIXELS) from None
    except Exception:  # a broken file makes the decoders raise almost anything
        raise BadPhoto(_NO_PICTURE) from None


def _redraw(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=FORMATS) as picture:
        # Only the header has been read so far.
        if picture.width * picture.height > PIXELS_MAX:
            raise BadPhoto(_TOO_MANY_PIXELS)
        # A JPEG can be decoded at a half, a quarter … of its size: less memory, less time.
        picture.draft("RGB", (SIDE_MAX, SIDE_MAX))
        small = picture if picture.mode in _RESIZED_WELL else picture.convert(_full_colour(picture))
        small.thumbnail((SIDE_MAX, SIDE_MAX))
        upright = ImageOps.exif_transpose(small)
    # Drawn on a fresh sheet: only pixels cross over, and what was transparent becomes white.
    sheet = Image.new("RGB", upright.size, "white")
    coloured = upright.convert(_full_colour(upright))
    sheet.paste(coloured, mask=coloured if coloured.mode == "RGBA" else None)
    out = BytesIO()
    sheet.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _full_colour(picture: Image.Image) -> str:
    return "RGBA" if picture.has_transparency_data else "RGB"
