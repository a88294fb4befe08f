"""Pictures and archives as clients send them, made by Pillow and zipfile."""

import base64
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def encode(samples: Any, kind: str = "PNG", **options: Any) -> bytes:
    """A picture file of samples, (height, width) grey or (height, width, 3)."""
    return save(Image.fromarray(np.asarray(samples, dtype=np.uint8)), kind, **options)


def save(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def digit_picture(row: Any) -> bytes:
    """A row of scikit-learn's digits, 64 values from 0 to 16, as a PNG of 8 x 8."""
    return encode(np.rint(np.reshape(row, (8, 8)) * (255 / 16)))


def to_archive(files: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def to_json(picture: bytes) -> dict[str, str]:
    return {"image": base64.b64encode(picture).decode()}


def decode(encoded: str) -> NDArray[np.uint8]:
    """The samples of a picture that came back, (height, width, 3)."""
    with Image.open(io.BytesIO(base64.b64decode(encoded)), formats=["PNG"]) as image:
        return np.asarray(image.convert("RGB"))
