"""The manifest: what is in a bundle, and the digest that names all of it.

A bundle's digest is the sha256 of its manifest without the line that states it; the manifest in turn states the
sha256 of every other file. So one digest covers every byte, and a bundle can be verified wherever it was copied to.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

MANIFEST_NAME = "manifest.json"
MODEL_NAME = "model.onnx"
DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"
NAME_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"


class _ManifestPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TensorSignature(_ManifestPart):
    """One input or output in the V2 protocol's words; -1 in `shape` is a size that a request chooses."""

    name: str = Field(min_length=1)
    datatype: str = Field(description="a V2 datatype, such as FP32 or INT64")
    shape: tuple[int, ...]


class ImageForm(_ManifestPart):
    """How a picture becomes the model's one input: 8-bit samples, stretched to a size, scaled, and laid out.

    A black sample becomes 0 and a white one `scale`; with `invert` it is the other way round.
    """

    width: int = Field(ge=1, le=65_535)
    height: int = Field(ge=1, le=65_535)
    channels: Literal[1, 3] = Field(1, description="grey, or red, green and blue")
    scale: FiniteFloat = Field(255, gt=0, description="the input's largest value, such as 255, 16 or 1")
    invert: bool = Field(False, description="the model has seen bright strokes, and pictures have dark ones")
    layout: Literal["flat", "NCHW", "NHWC"] = Field("flat", description="flat: a row of height x width x channels")

    def shape(self) -> tuple[int, ...]:
        """Of one picture in the model's input, without the batch axis."""
        samples = {
            "flat": (self.height * self.width * self.channels,),
            "NCHW": (self.channels, self.height, self.width),
            "NHWC": (self.height, self.width, self.channels),
        }
        return samples[self.layout]


class BundleFile(_ManifestPart):
    """A file beside the manifest."""

    digest: str = Field(pattern=DIGEST_PATTERN)
    size_bytes: int = Field(ge=0)


class DataReference(_ManifestPart):
    """A data set that took part in making the model, by name and content."""

    name: str
    digest: str = Field(pattern=DIGEST_PATTERN)
    rows: int = Field(ge=0)


class Lineage(_ManifestPart):
    """Where a model came from: the same lineage gives the same bundle digest."""

    training_data: tuple[DataReference, ...]
    holdout: DataReference
    parameters_digest: str = Field(pattern=DIGEST_PATTERN)
    seed: int
    commit: str = Field(description="commit of the code that trained, or `unknown`")
    experiment_name: str
    experiment_id: int


class Manifest(_ManifestPart):
    """Everything about a bundle but its bytes."""

    format: Literal[1] = 1
    model: str = Field(pattern=NAME_PATTERN)
    version: int = Field(ge=1)
    task: Literal["classification"] = "classification"
    inputs: tuple[TensorSignature, ...] = Field(min_length=1)
    outputs: tuple[TensorSignature, ...] = Field(min_length=1)
    feature_names: tuple[str, ...] = Field(min_length=1)
    classes: tuple[str, ...] = Field(min_length=2)
    metrics: dict[str, FiniteFloat]
    lineage: Lineage
    image: ImageForm | None = Field(None, description="where the model takes pictures; else it is not stored")
    files: dict[Annotated[str, Field(pattern=NAME_PATTERN)], BundleFile]

    def digest(self) -> str:
        """The bundle's digest, `sha256:<64 hex digits>`."""
        return content_digest(_canonical(self._fields()))

    def to_bytes(self) -> bytes:
        """The one form in which this manifest is stored, with its digest; any other bytes are damage."""
        return stored_form(self._fields())

    def _fields(self) -> dict[str, Any]:
        # A field that came later and is not used is not stored: digests of bundles that never had it stay as they are.
        return self.model_dump(mode="json", exclude_none=True)


def stored_form(fields: Mapping[str, Any]) -> bytes:
    """A manifest's fields, of whatever format, as they are stored: in order, and with the digest that names them."""
    return _canonical({**fields, "digest": content_digest(_canonical(fields))})


def content_digest(content: bytes) -> str:
    """`sha256:<64 hex digits>` of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _canonical(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
