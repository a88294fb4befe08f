"""Where models are read from: a directory of many (models_directory.py), or the one bundle that a server was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bundle import Bundle, BundleNotUsable, Manifest, read_bundle
from open_inference.json_object import quote
from predictor.errors import NotFound, RequestRefused
from predictor.identity import ModelIdentity, identify


@dataclass(frozen=True, slots=True, eq=False)
class StoredModel:
    """A version as it was read: the bytes that its digest names, of which nothing is loaded yet."""

    identity: ModelIdentity
    manifest: Manifest | None
    """None for an ONNX file by itself."""
    model_bytes: bytes


class ModelSource(Protocol):
    """Models on disk, by name and version. A name from outside is looked up in what is there, and is never a path."""

    def index(self) -> Mapping[str, Sequence[str]]:
        """The versions of each model, the highest first. Raises BundleError. Can be repeated."""

    def find(self, name: str) -> Sequence[str]:
        """The versions of a model, the highest first. Raises NotFound and BundleError. Can be repeated."""

    def read(self, name: str, version: str) -> StoredModel:
        """A version that `find` has named. Raises BundleError."""

    def add(self, name: str, model_bytes: bytes, /) -> str:
        """Keep an ONNX file, whole or not at all, as the next version of a model, which is returned.

        Raises RequestRefused and BundleError.
        """


class OneBundle:
    """The bundle at `path`, under one name. To load it again is to read it again, whatever bundle is there by then.

    `began_with` is what was there at the start, where that is past. Raises BundleError when there is none, or a damaged
    one.
    """

    def __init__(
        self, path: Path, *, model: str | None, revision: str | None, began_with: StoredModel | None = None
    ) -> None:
        self._path = path
        self._model = model
        self._revision = revision
        self._bundle: Bundle | None = None
        if began_with is None or began_with.manifest is None:
            self._bundle = read_bundle(path)
            self.manifest, self.identity = self._bundle.manifest, self._identify(self._bundle)
            """Both as they were at the start."""
        else:
            self.manifest, self.identity = began_with.manifest, began_with.identity

    def index(self) -> Mapping[str, Sequence[str]]:
        """See ModelSource."""
        return {self.identity.model: (self.identity.version,)}

    def find(self, name: str) -> Sequence[str]:
        """See ModelSource."""
        if name != self.identity.model:
            raise NotFound(f"no model {quote(name)} is served here; expected {self.identity.model}")
        self._bundle = self._bundle or read_bundle(self._path)
        return (str(self._bundle.manifest.version),)

    def read(self, name: str, version: str) -> StoredModel:
        """See ModelSource."""
        bundle, self._bundle = self._bundle or read_bundle(self._path), None  # its bytes are not kept
        identity = self._identify(bundle)
        if (identity.model, identity.version) != (name, version):
            found = f"{self._path} is {identity.model} version {identity.version}"
            raise BundleNotUsable(f"{found}; expected {name} version {version}")
        return StoredModel(identity, bundle.manifest, bundle.model_bytes)

    def add(self, _: str, __: bytes, /) -> str:
        """See ModelSource."""
        raise RequestRefused("a server of one bundle has no place for other models; expected one that has --models")

    def _identify(self, bundle: Bundle) -> ModelIdentity:
        return identify(bundle, model=self._model, revision=self._revision)
