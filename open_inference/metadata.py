"""What a V2 server and its models say of themselves."""

from typing import Self

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
    versions: tuple[str, ...]
    platform: str
    inputs: tuple[TensorMetadata, ...]
    outputs: tuple[TensorMetadata, ...]


class ServerMetadata(_Metadata):
    """GET /v2."""

    name: str
    version: str
    extensions: tuple[str, ...]
