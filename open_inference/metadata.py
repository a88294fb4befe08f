"""What a V2 server and its models say of themselves."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from open_inference.errors import MalformedMessage


class _Metadata(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read a body. Raises MalformedMessage, whose text names the first wrong field."""
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the body"
            raise MalformedMessage(f"{where}: {first['msg']}", f"the fields of {cls.__name__}") from error

    def to_json(self) -> bytes:
        """The body."""
        return self.model_dump_json().encode()


class TensorMetadata(_Metadata):
    """A tensor that a model takes or gives; -1 in `shape` is a size that a request chooses."""

    name: str
    datatype: str
    shape: tuple[int, ...]


class ModelMetadata(_Metadata):
    """GET /v2/models/{name}."""

    name: str
    versions: tuple[str, ...] = ()
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


class ServerMetadata(_Metadata):
    """GET /v2."""

    name: str
    version: str
    extensions: tuple[str, ...]


class TensorConfig(_Metadata):
    """A tensor in a model's configuration: `dims` are its shape without the batch axis."""

    name: str
    data_type: str
    """`TYPE_` and the datatype, but TYPE_STRING for BYTES."""
    dims: tuple[int, ...]


class ModelConfig(_Metadata):
    """GET /v2/models/{name}/config, of the extension for model configuration."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    """Most rows in one request."""
    input: tuple[TensorConfig, ...]
    output: tuple[TensorConfig, ...]


class Duration(_Metadata):
    """How often something happened, and how long it took in all."""

    count: int = 0
    ns: int = 0


class InferStatistics(_Metadata):
    """Where requests spent their time: waiting for a thread, being read, in the model, being written."""

    success: Duration
    fail: Duration
    queue: Duration
    compute_input: Duration
    compute_infer: Duration
    compute_output: Duration
    cache_hit: Duration = Duration()
    cache_miss: Duration = Duration()


class ModelStatistics(_Metadata):
    """What one model has answered since the server was started."""

    name: str
    version: str
    last_inference: int
    """Milliseconds since 1970, or 0."""
    inference_count: int
    """Rows."""
    execution_count: int
    """Runs of the engine."""
    inference_stats: InferStatistics
    batch_stats: tuple[()] = ()
    """Always empty: a batch can have any size, so there would be thousands."""


class Statistics(_Metadata):
    """GET /v2/models[/{name}]/stats, of the extension for statistics."""

    model_stats: tuple[ModelStatistics, ...]


class IndexedModel(_Metadata):
    """A model in the repository's index."""

    name: str
    version: str
    state: Literal["READY", "LOADING", "UNAVAILABLE"]
    reason: str = ""
