"""What POST /forward is asked: rows as /classify takes them, or a picture in JSON, base64."""

import base64
import binascii
import re
from dataclasses import dataclass

from open_inference import InferRequest
from open_inference.json_object import describe, parse_json, quote
from predictor.classify.read_rows import read_rows
from predictor.errors import RequestRefused
from predictor.images.picture import Picture, read_picture
from predictor.served_model import ServedModel

TOP_CLASSES = 3
"""How many of the best classes are answered when nobody says."""
_COUNT = re.compile(r"0*[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What the model is to answer."""

    request: InferRequest
    is_single: bool
    picture: Picture | None = None
    """The one that became the row."""


def read_forward(body: bytes, content_type: str, model: ServedModel, *, pixel_limit: int) -> Asked:
    """What a body asks that is no form: `{"image": "<base64>"}`, or what POST /classify takes.

    Raises ProtocolError, RequestRefused, ImageNotReadable, and BodyTooLarge over `pixel_limit`.
    """
    if content_type.partition(";")[0].strip().lower() != "text/csv":
        content = parse_json(body)
        if isinstance(content, dict) and "image" in content:
            return ask_about(_image_of(content), model, pixel_limit=pixel_limit)
    return Asked(*read_rows(body, content_type, model))


def ask_about(content: bytes, model: ServedModel, *, pixel_limit: int) -> Asked:
    """The same for the bytes of a picture."""
    picture = read_picture(content, model.manifest, pixel_limit=pixel_limit)
    return Asked(model.request_for(picture.values), is_single=True, picture=picture)


def read_top_classes(given: str | None) -> int:
    """How many of the best classes are asked for. Raises RequestRefused."""
    if given is None:
        return TOP_CLASSES
    if not _COUNT.fullmatch(given):
        raise RequestRefused(f"the number of best classes (X-Top-K, top_k) is {quote(given)}; expected 1 or more")
    return int(given)


def _image_of(content: dict[str, object]) -> bytes:
    encoded = content["image"]
    if len(content) > 1:
        fields = ", ".join(map(quote, sorted(content)[:4]))
        raise RequestRefused(f'the body\'s fields are {fields}; expected "image" alone')
    if not isinstance(encoded, str):
        raise RequestRefused(f"image is {describe(encoded)}; expected the base64 of a PNG or JPEG")
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RequestRefused(f"image is no base64: {error}; expected the base64 of a PNG or JPEG") from error
