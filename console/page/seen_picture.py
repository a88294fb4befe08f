"""What a model sees of a picture: the predictor's own reduction, enlarged for a person."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from bundle import ImageForm
from predictor.errors import RequestError
from predictor.images.convert import background_of, to_input
from predictor.images.decode import decode_image

MOST_PIXELS = 4_000_000


class PictureNotUsable(Exception):
    """What was drawn or chosen is no picture, or has too many pixels; in the predictor's words."""


def fit_to_frame(png: bytes, form: ImageForm) -> bytes:
    """A drawing that fills its frame: what is empty around it is cut off, and its proportions stay.

    Digits and garments of the usual data sets fill theirs. A drawing of nothing stays as it is. Raises
    PictureNotUsable.
    """
    background = background_of(form)
    picture = _decode(png, form)
    grey = picture.convert("L")
    ink = grey.point([255 - level for level in range(256)]) if form.invert else grey
    box = ink.getbbox()
    if box is None:
        return png
    cut = picture.crop(box)
    height = max(cut.height, round(cut.width * form.height / form.width))
    width = max(cut.width, round(height * form.width / form.height))
    fitted = Image.new(picture.mode, (width, height), background)
    fitted.paste(cut, ((width - cut.width) // 2, (height - cut.height) // 2))
    return _to_png(fitted)


def picture_as_seen(png: bytes, form: ImageForm) -> str:
    """The address of a PNG with one pixel for each sample of the model's input: dark is what is 0 to the model.

    Raises PictureNotUsable.
    """
    values = to_input(_decode(png, form), form, "FP64")[0] * (255 / form.scale)
    samples = np.rint(values).clip(0, 255).astype(np.uint8)
    size = (form.height, form.width, form.channels)
    if form.layout == "NCHW":
        samples = samples.transpose(1, 2, 0)
    pixels = samples.reshape(size)
    return data_address(_to_png(Image.fromarray(pixels[:, :, 0] if form.channels == 1 else pixels)))


def row_as_seen(row: Sequence[float], form: ImageForm) -> str:
    """The same for a row of samples; raises ValueError where it has not as many as a picture."""
    samples = np.array(row, dtype=np.float64) * (255 / form.scale)
    pixels = np.rint(samples).clip(0, 255).astype(np.uint8).reshape(form.height, form.width, form.channels)
    return data_address(_to_png(Image.fromarray(pixels[:, :, 0] if form.channels == 1 else pixels)))


def data_address(png: bytes) -> str:
    """`data:image/png;base64,…`."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _decode(png: bytes, form: ImageForm) -> Image.Image:
    try:
        needed = form.width, form.height
        return decode_image(png, pixel_limit=MOST_PIXELS, background=background_of(form), needed=needed)
    except RequestError as error:
        raise PictureNotUsable(str(error)) from error


def _to_png(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "PNG")
    return written.getvalue()
