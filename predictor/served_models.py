"""What can be asked at one moment: every version of every model that is known, and the one that a request means.

A request takes this table once as it arrives and finds its model there, so that a change meanwhile is none of its
affair. A table never changes; serving.py puts another one in its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from open_inference import ModelMetadata
from open_inference.json_object import quote
from predictor.errors import NotFound, NotReady, RequestRefused
from predictor.examples import Example
from predictor.served_model import ServedModel

_SHOWN_NAMES = 10
NOTHING_LOADED = "no model is loaded and warmed up yet; ask again soon"


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of a model, as far as it is known here."""

    name: str
    version: str
    model: ServedModel | None = None
    """What answers, warmed up; None where nothing does."""
    examples: tuple[Example, ...] = ()
    """Answers that it gave."""
    stored_digest: str = ""
    """Of what was read for it."""
    is_loading: bool = False
    reason: str = ""
    """Why nothing answers, or why what is newer could not take the place of what does."""

    @property
    def state(self) -> Literal["READY", "LOADING", "UNAVAILABLE"]:
        """In the words of V2's extension for the repository."""
        return "READY" if self.model else "LOADING" if self.is_loading else "UNAVAILABLE"


class ServedModels:
    """The versions that are known, by name. Where a request names no version, it means the highest that is loaded."""

    def __init__(self, known: Mapping[str, Sequence[ModelVersion]] = MappingProxyType({})) -> None:
        self._known = {
            name: sorted(versions, key=lambda one: int(one.version), reverse=True) for name, versions in known.items()
        }
        self._served: dict[tuple[str, str | None], ServedModel] = {}
        for one in self.known():
            if one.model:
                self._served[one.name, one.version] = one.model
                self._served.setdefault((one.name, None), one.model)
        self.default = self._served.get((next(iter(self._known)), None)) if len(self._known) == 1 else None
        """What is meant where nothing is named: the only model that is known, if it is loaded."""

    def __bool__(self) -> bool:
        return bool(self._served)

    def find(self, name: str | None = None, version: str | None = None) -> ServedModel:
        """The model that is meant.

        Raises NotReady while it is loading, or while nothing is known; NotFound when nothing answers under these names;
        RequestRefused when no name is given and there are several.
        """
        if name is None:
            name = self._only_name()
        found = self._served.get((name, version))
        return found if found is not None else self._explain(name, version)

    def find_all(self, name: str | None = None, version: str | None = None) -> tuple[ServedModel, ...]:
        """Every loaded version of a model, or of all models. Raises what `find` raises for a name that is given."""
        if name is not None:
            self.find(name, version)
        return tuple(
            one.model
            for one in self.known()
            if one.model and name in {None, one.name} and version in {None, one.version}
        )

    def known(self, name: str | None = None) -> tuple[ModelVersion, ...]:
        """Each version that is known, of one model or of all, the highest first."""
        return tuple(one for key, versions in self._known.items() if name in {None, key} for one in versions)

    def examples_of(self, model: ServedModel) -> tuple[Example, ...]:
        """Answers that `model`, which is loaded, has given."""
        return next((one.examples for one in self.known() if one.model is model), ())

    def metadata_of(self, model: ServedModel) -> ModelMetadata:
        """What V2 answers about `model`, with every version of it that is loaded."""
        versions = [one.version for one in self.known(model.identity.model) if one.model]
        return model.metadata().model_copy(update={"versions": tuple(reversed(versions))})

    def with_versions(self, name: str, versions: Sequence[ModelVersion]) -> "ServedModels":
        """The same table, but that these are all versions of the model `name`; without any it is forgotten."""
        others = {key: known for key, known in self._known.items() if key != name}
        return ServedModels({**others, name: versions} if versions else others)

    def _only_name(self) -> str:
        if not self._known:
            raise NotReady(NOTHING_LOADED)
        if len(self._known) > 1:
            raise RequestRefused(f"the request names no model, and there are several; expected {self._names()}")
        return next(iter(self._known))

    def _explain(self, name: str, version: str | None) -> ServedModel:
        if not self._known:
            raise NotReady(NOTHING_LOADED)
        versions = self._known.get(name)
        if versions is None:
            raise NotFound(f"no model {quote(name)} is served here; expected {self._names()}")
        meant = [one for one in versions if version in {None, one.version}]
        if not meant:
            expected = ", ".join(one.version for one in versions[:_SHOWN_NAMES])
            raise NotFound(f"{name} has no version {quote(version or '')} here; expected {expected}")
        if any(one.is_loading for one in meant):
            raise NotReady(f"nothing of {name} is loaded and warmed up yet; ask again soon")
        raise NotFound(f"{name} version {meant[0].version} is not loaded: {meant[0].reason}")

    def _names(self) -> str:
        names = list(self._known)
        more = ", …" if len(names) > _SHOWN_NAMES else ""
        return ", ".join(names[:_SHOWN_NAMES]) + more
