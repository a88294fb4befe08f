"""Pictures as samples, made by Pillow as tests make them: every kind of sample that PNG and JPEG have, and a bomb."""

import io
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, PngImagePlugin

_START = b"\x89PNG\r\n\x1a\n"


def picture_samples() -> Iterator[bytes]:
    """Small ones, and one that claims to be large."""
    samples = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    colours = Image.fromarray(samples)
    about = PngImagePlugin.PngInfo()
    about.add_text("title", "seven", zip=True)
    yield _save(colours, "PNG", pnginfo=about)
    yield _save(colours.convert("L"), "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 6
    yield _save(colours, "JPEG", exif=exif, progressive=True)
    yield _save(colours.convert("P"), "PNG", transparency=0)
    yield _save(colours.convert("RGBA"), "PNG")
    yield _save(Image.fromarray(np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000), "PNG")
    yield _save(colours, "PNG", save_all=True, append_images=[colours.rotate(90)])
    yield _save(Image.new("1", (1000, 1000)), "PNG")
    yield jpeg_of_scans(50)


def jpeg_of_scans(count: int) -> bytes:
    """A progressive JPEG of 1000 x 1000, whose last scan comes `count` times; each takes the decoder a millisecond."""
    content = _save(Image.new("L", (1000, 1000)), "JPEG", progressive=True)
    begin = content.rfind(b"\xff\xda")
    return content[:begin] + content[begin:-2] * count + content[-2:]


def _save(image: Image.Image, kind: str, **options: object) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def repair_png(content: bytes) -> bytes:
    """Lengths as they stand, each chunk with the CRC that it has to have."""
    if not content.startswith(_START):
        return content
    repaired, place = content[:8], 8
    while place + 12 <= len(content):
        size = int.from_bytes(content[place : place + 4], "big")
        end = place + 8 + size
        if end > len(content):
            break
        repaired += content[place:end] + zlib.crc32(content[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return repaired + content[place:]
