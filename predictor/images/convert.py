"""From a picture to the model's input: what the bundle's manifest asks for."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bundle import ImageForm, TensorSignature
from open_inference.datatypes import DATATYPES
from predictor.errors import ModelNotUsable

_BRIGHTEST = 255


def check_image_form(form: ImageForm, signature: TensorSignature) -> None:
    """Raises ModelNotUsable when pictures of this form do not fit the input of this signature."""
    if signature.datatype in {"BOOL", "BYTES", "BF16"}:
        raise ModelNotUsable(f"the input {signature.name} is {signature.datatype}; expected numbers for a picture")
    fits = len(signature.shape) == 1 + len(form.shape()) and all(
        size in {-1, wanted} for size, wanted in zip(signature.shape[1:], form.shape(), strict=True)
    )
    if not fits:
        found = f"the manifest's image gives {form.layout} {list(form.shape())}"
        raise ModelNotUsable(f"{found}; the input {signature.name} is {list(signature.shape)}")


def background_of(form: ImageForm) -> str:
    """The colour that becomes 0 in the model's input, and so stands for nothing being there."""
    return "white" if form.invert else "black"


def to_input(image: Image.Image, form: ImageForm, datatype: str) -> NDArray[Any]:
    """The model's input for one picture in the mode `L` or `RGB`: (1, *form.shape()) in the dtype of `datatype`.

    Grey is ITU-R 601-2 luma. The picture is stretched to the size by Pillow's bilinear filter, which takes the mean of
    all pixels where it shrinks. Whole numbers are rounded.
    """
    coloured = image.convert("L" if form.channels == 1 else "RGB")
    sized = coloured.resize((form.width, form.height), Image.Resampling.BILINEAR)
    samples = np.asarray(sized, dtype=np.float64).reshape(form.height, form.width, form.channels)
    values = (_BRIGHTEST - samples if form.invert else samples) * (form.scale / _BRIGHTEST)
    laid_out = values.transpose(2, 0, 1) if form.layout == "NCHW" else values
    dtype = np.dtype(DATATYPES[datatype])
    rounded = np.rint(laid_out) if dtype.kind in "iu" else laid_out
    return np.ascontiguousarray(rounded.reshape(1, *form.shape()), dtype=dtype)


def example_picture(form: ImageForm) -> bytes:
    """A PNG of the model's own size: a slope from black to white."""
    written = io.BytesIO()
    Image.linear_gradient("L").resize((form.width, form.height)).save(written, "PNG")
    return written.getvalue()
