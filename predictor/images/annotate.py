"""A picture with the answer written beneath it."""

import io

from PIL import Image, ImageDraw, ImageFont

SHOWN_PIXELS = 512
"""The longer side of an annotated picture is not longer than this, and at least half of it."""
_LEAST_WIDTH = 160
_LONGEST_TEXT = 80
_SIZES = (36, 28, 22, 17, 13)
_BAND = (48, 48, 48)
_USED = 0.95  # of the width


def annotate(image: Image.Image, text: str) -> bytes:
    """A PNG: the picture, enlarged by a whole number where it is small, and `text` on a band below it."""
    shown = _resize(image.convert("RGB"))
    line, size = _fit(" ".join(text.split()), max(shown.width, _LEAST_WIDTH))
    font = ImageFont.load_default(size)
    width = max(shown.width, _LEAST_WIDTH, round(font.getlength(line) / _USED))
    band = round(size * 1.8)
    canvas = Image.new("RGB", (width, shown.height + band), _BAND)
    canvas.paste(shown, ((width - shown.width) // 2, 0))
    middle = (width / 2, shown.height + band / 2)
    ImageDraw.Draw(canvas).text(middle, line, fill="white", font=font, anchor="mm")
    written = io.BytesIO()
    canvas.save(written, "PNG")
    return written.getvalue()


def _resize(image: Image.Image) -> Image.Image:
    longer = max(image.size)
    if longer > SHOWN_PIXELS:
        image.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
        return image
    times = SHOWN_PIXELS // longer
    return image.resize((image.width * times, image.height * times), Image.Resampling.NEAREST)


def _fit(text: str, width: int) -> tuple[str, int]:
    """The text, cut off where it is very long, and the largest size of Pillow's own font in which it fits."""
    line = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
    fitting = (size for size in _SIZES if ImageFont.load_default(size).getlength(line) <= width * _USED)
    return line, next(fitting, _SIZES[-1])
