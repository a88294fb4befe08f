"""The manifest: what is in a bundle, and the digest that names all of it.

A bundle's digest is the sha256 of its manifest without the line that states it; the manifest in turn states the
sha256 of every other file. So one digest covers every byte, and a bundle can be verified wherever it was copied to.

Format 1 is a classifier of numbers that was trained here. Format 2 has every other kind of model as well: its fields
beyond those of format 1 are left out of a manifest of format 1, whose bytes and digest stay what they were.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, model_validator

MANIFEST_NAME = "manifest.json"
MODEL_NAME = "model.onnx"
DIGEST_PATTERN = r"^sha256:[0-9a-f]{64}$"
NAME_PATTERN = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"
_SINCE_FORMAT_2 = frozenset({"categories", "unknown_categories", "answer", "image", "measured"})


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


class ClassCounts(_ManifestPart):
    """What was counted of one class on the holdout: precision is right / answered, recall right / rows."""

    rows: int = Field(ge=0, description="that are of the class")
    answered: int = Field(ge=0, description="that were answered to be of it")
    right: int = Field(ge=0, description="both")


class Confusion(_ManifestPart):
    """How many rows of the class `truth` were answered to be of the class `answered`, another one."""

    truth: str
    answered: str
    rows: int = Field(ge=1)


class Measured(_ManifestPart):
    """What the metrics were counted from, so that whoever has the bundle alone knows how sure they are."""

    rows: int = Field(ge=1, description="of the holdout")
    classes: tuple[ClassCounts, ...] = Field((), description="a classifier's, in the order of its classes")
    confusions: tuple[Confusion, ...] = Field((), description="the most frequent mistakes")
    absolute_error_deviation: FiniteFloat | None = Field(
        None, ge=0, description="a regression's: standard deviation of the absolute errors"
    )


class AnswerOutputs(_ManifestPart):
    """Which outputs answer the task, by name. What the graph does not have, it does not answer."""

    label: str = Field("label", description="INT64 [-1]: the class's index; without it, the most probable class")
    probabilities: str = Field("probabilities", description="FP16, FP32 or FP64 [-1, classes]")
    are_logits: bool = Field(False, description="whether `probabilities` still have to go through a softmax")
    value: str = Field("value", description="a regression's numbers, [-1] or [-1, 1]")


class Manifest(_ManifestPart):
    """Everything about a bundle but its bytes.

    A classification has classes. A model of tables has `feature_names`, its columns in order: they are one input
    [-1, features], or an input of its own for each, of its name and [-1] or [-1, 1]. A model of task `inference`
    answers V2 alone.
    """

    format: Literal[1, 2] = 2
    model: str = Field(pattern=NAME_PATTERN)
    version: int = Field(ge=1)
    task: Literal["classification", "regression", "inference"] = "classification"
    inputs: tuple[TensorSignature, ...] = Field(min_length=1)
    outputs: tuple[TensorSignature, ...] = Field(min_length=1)
    feature_names: tuple[str, ...] = ()
    categories: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="the categories that the model knows, by feature; the others are numbers"
    )
    unknown_categories: Literal["taken", "refused"] = Field(
        "taken", description="whether the model has an answer to a category that it does not know"
    )
    classes: tuple[str, ...] = ()
    answer: AnswerOutputs = AnswerOutputs()
    metrics: dict[str, FiniteFloat]
    lineage: Lineage | None = Field(None, description="none for a model that was not trained here")
    measured: Measured | None = Field(None, description="the counts behind `metrics`; else it is not stored")
    image: ImageForm | None = Field(None, description="where the model takes pictures; else it is not stored")
    files: dict[Annotated[str, Field(pattern=NAME_PATTERN)], BundleFile]

    @model_validator(mode="after")
    def _check_consistency(self) -> Self:
        if (self.task == "classification") != (len(self.classes) >= 2) or len(self.classes) == 1:
            raise ValueError(f"{len(self.classes)} classes for {self.task}; expected two or more for classification")
        if unknown := self.categories.keys() - set(self.feature_names):
            raise ValueError(f"categories of {min(unknown)}; expected features among {', '.join(self.feature_names)}")
        is_plain = self.task == "classification" and self.feature_names and self.lineage
        if self.format == 1 and (not is_plain or self.model_fields_set & _SINCE_FORMAT_2):
            raise ValueError("format 1 has no word for such a model; expected format 2")
        return self

    def digest(self) -> str:
        """The bundle's digest, `sha256:<64 hex digits>`."""
        return content_digest(_canonical(self._fields()))

    def to_bytes(self) -> bytes:
        """The one form in which this manifest is stored, with its digest; any other bytes are damage."""
        return stored_form(self._fields())

    def _fields(self) -> dict[str, Any]:
        # A field that came later and is not used is not stored: digests of bundles that never had it stay as they are.
        since = set(_SINCE_FORMAT_2) if self.format == 1 else None
        return self.model_dump(mode="json", exclude=since, exclude_none=True)


def stored_form(fields: Mapping[str, Any]) -> bytes:
    """A manifest's fields, of whatever format, as they are stored: in order, and with the digest that names them."""
    return _canonical({**fields, "digest": content_digest(_canonical(fields))})


def content_digest(content: bytes) -> str:
    """`sha256:<64 hex digits>` of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _canonical(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
