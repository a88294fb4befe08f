"""A picture that a model is asked about."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray
from PIL import Image

from bundle import Manifest
from predictor.errors import RequestRefused
from predictor.images.annotate import SHOWN_PIXELS
from predictor.images.convert import background_of, to_input
from predictor.images.decode import decode_image


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What was sent, and what the model sees of it."""

    image: Image.Image
    """Upright, in the mode `L` or `RGB`."""
    values: NDArray[Any]
    """(1, *shape of the input) in the dtype of the model's input."""


def read_picture(content: bytes, manifest: Manifest, *, pixel_limit: int) -> Picture:
    """The picture in the bytes of a PNG or JPEG, for the model of this manifest.

    Raises RequestRefused when the model takes none, ImageNotReadable, and BodyTooLarge over `pixel_limit`.
    """
    form = manifest.image
    if form is None:
        raise RequestRefused("the model takes no pictures: its manifest does not say how; expected rows")
    needed = max(SHOWN_PIXELS, form.width), max(SHOWN_PIXELS, form.height)
    image = decode_image(content, pixel_limit=pixel_limit, background=background_of(form), needed=needed)
    return Picture(image, to_input(image, form, manifest.inputs[0].datatype))
