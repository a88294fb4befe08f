"""From bytes that somebody sent to a picture.

Only PNG and JPEG are tried, and how many pixels there are is read from the header before one of them is decoded.
"""

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from bundle.one_line import one_line
from predictor.errors import BodyTooLarge, ImageNotReadable

_FORMATS = ("PNG", "JPEG")
_SCAN = b"\xff\xda"  # within the samples a zero would stand between the two
_MOST_SCANS = 100


def decode_image(content: bytes, *, pixel_limit: int, background: str, needed: tuple[int, int]) -> Image.Image:
    """The picture, upright (EXIF's orientation is followed), in the mode `L` (grey) or `RGB`, 8 bits a sample.

    What is transparent shows `background`, a colour's name. Of an animation it is the first picture. Samples of 16 bits
    keep their upper 8. A JPEG far larger than `needed` (width, height) is decoded at a half, a quarter or an eighth.
    Raises ImageNotReadable when it is no PNG or JPEG, or none that is whole; BodyTooLarge over `pixel_limit`.
    """
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            pixels = image.width * image.height
            check_scans(image, content)
            if pixels > pixel_limit:
                raise _too_many(f"{image.width} x {image.height} pixels", pixel_limit)
            image.draft(None, needed)
            return _flatten(ImageOps.exif_transpose(image), background)
    except (BodyTooLarge, ImageNotReadable):
        raise
    except Image.DecompressionBombError as error:
        raise _too_many("far too many pixels", pixel_limit) from error
    except UnidentifiedImageError as error:
        raise ImageNotReadable(f"{len(content)} bytes are no picture; expected PNG or JPEG") from error
    except Exception as error:  # Pillow's decoders fail in many ways: OSError, SyntaxError, ValueError, struct.error
        reason = one_line(error) or type(error).__name__
        raise ImageNotReadable(f"the picture is damaged: {reason}; expected a whole PNG or JPEG") from error


def check_scans(image: Image.Image, content: bytes) -> None:
    """Raises ImageNotReadable for a JPEG of far more scans than anybody writes.

    Each goes through the whole picture, and may take thirty bytes: what fits into a request would take hours.
    """
    if image.format == "JPEG" and (scans := content.count(_SCAN)) > _MOST_SCANS:
        raise ImageNotReadable(f"the picture has {scans} scans; expected at most {_MOST_SCANS}")


def _flatten(image: Image.Image, background: str) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits; Pillow's own conversion would cut off at 255
        return image.convert("I").point([value >> 8 for value in range(65_536)], "L")
    is_grey = image.mode in {"1", "L", "LA", "La"}
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", layer.size, background), layer)
    return image.convert("L" if is_grey else "RGB")


def _too_many(found: str, pixel_limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"the picture has {found}; expected at most {pixel_limit}")
