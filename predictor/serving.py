"""What is being served right now, and whether it is ready: the one piece of state that doors and server share."""

import threading

from open_inference.json_object import quote
from predictor.errors import NotFound, NotReady
from predictor.examples import Example
from predictor.served_model import ServedModel


class Serving:
    """Nothing, then one warmed-up model, then the same while it drains.

    A request asks once which model it is for and keeps that one to its end.
    """

    def __init__(self) -> None:
        self.model: ServedModel | None = None
        self.examples: tuple[Example, ...] = ()
        self.is_draining = False
        self._is_held = False
        self._change = threading.Event()

    def start(self, model: ServedModel, examples: tuple[Example, ...]) -> None:
        """Serve `model`, which is warmed up: `examples` are answers that it gave."""
        self.examples = examples
        self.model = model
        self._tell()

    def hold(self) -> None:
        """Be not ready until `release`, but answer: other workers of this server have no model yet."""
        self._is_held = True

    def release(self) -> None:
        """All workers have their model."""
        self._is_held = False
        self._tell()

    def drain(self) -> None:
        """Be not ready from now on, but go on answering."""
        self.is_draining = True
        self._tell()

    def next_change(self) -> threading.Event:
        """Set as soon as something is different; whoever wants to miss nothing takes it before he looks."""
        return self._change

    def check_ready(self) -> None:
        """Raises NotReady until a model is loaded and warmed up, and again from `drain` on."""
        if self.is_draining:
            raise NotReady("the server is draining; another one takes new requests")
        require_model(self.model)
        if self._is_held:
            raise NotReady("other workers of this server have no model yet; ask again soon")

    def _tell(self) -> None:
        self._change.set()
        self._change = threading.Event()


def require_model(model: ServedModel | None, name: str | None = None, version: str | None = None) -> ServedModel:
    """The model, when it is loaded and goes by this name and version. Raises NotReady or NotFound."""
    if model is None:
        raise NotReady("no model is loaded and warmed up yet; ask again soon")
    identity = model.identity
    if name is not None and name != identity.model:
        raise NotFound(f"no model {quote(name)} is served here; expected {identity.model}")
    if version is not None and version != identity.version:
        raise NotFound(f"{identity.model} has no version {quote(version)} here; expected {identity.version}")
    return model
