"""What is being served right now, and whether it is ready: the one piece of state that doors and server share.

repository.py alone writes the table of models, out of what is on disk and what was asked for.
"""

import threading
from collections.abc import Sequence

from predictor.errors import NotReady
from predictor.served_models import NOTHING_LOADED, ModelVersion, ServedModels


class Serving:
    """Nothing, then what was loaded at the start, then whatever takes its place; the same while it drains.

    A request takes `models` once, and keeps the model that it finds there to its end.
    """

    def __init__(self) -> None:
        self.models = ServedModels()
        self.is_draining = False
        self.is_started = False
        """Whether all that was to be loaded at the start is loaded, or has failed to."""
        self._is_held = False
        self._change = threading.Event()

    def put(self, name: str, versions: Sequence[ModelVersion]) -> None:
        """From now on these are all versions of the model `name`. Not to be called from two threads at once."""
        self.models = self.models.with_versions(name, versions)
        self._tell()

    def start(self) -> None:
        """Whatever was to be loaded at the start is loaded, or has failed to."""
        self.is_started = True
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
        """Raises NotReady until the start is over, while no model is loaded or this is held, and from `drain` on."""
        self.check_staying()
        if not self.is_started or not self.models:
            raise NotReady(NOTHING_LOADED)
        if self._is_held:
            raise NotReady("other workers of this server have no model yet; ask again soon")

    def check_staying(self) -> None:
        """Raises NotReady from `drain` on."""
        if self.is_draining:
            raise NotReady("the server is draining; another one takes new requests")

    def _tell(self) -> None:
        self._change.set()
        self._change = threading.Event()
