"""`--fast`: the stock ModelServer with our fast doors on its connections.

Inference whose headers are all in order passes KServe's application by, as it does on our own server
(predictor/http/fast_protocol.py); whatever else comes in, KServe answers. uvicorn takes the class of its connections
from its configuration, which KServe makes and does not let anybody set: so it is set between making and serving.
"""

from typing import Any

from kserve.model_server import ModelServer
from prometheus_client import REGISTRY

from access.doorkeeper import Doorkeeper
from predictor.http.fast_doors import FastDoors
from predictor.http.fast_protocol import FastProtocol
from predictor.kserve_adapter.model import AssayModel
from predictor.metrics import PredictorMetrics
from predictor.served_models import ModelVersion
from predictor.settings import PredictorSettings
from predictor.wiring import create_data_plane, create_fast_doors, create_repository


class FastConnections:
    """Makes the connections of one process: what uvicorn calls a protocol class.

    It can be pickled, as the model can, and then opens doors of its own in the process that it comes to.
    """

    def __init__(self, model: AssayModel, settings: PredictorSettings) -> None:
        self._model = model
        self._settings = settings
        self._doors: FastDoors | None = None

    def __call__(self, *args: Any, **options: Any) -> FastProtocol:
        """A new connection; `args` and `options` are uvicorn's."""
        if self._doors is None:
            self._doors = self._open()
        return FastProtocol(*args, doors=self._doors, **options)

    def _open(self) -> FastDoors:
        model = self._model.served()
        metrics = PredictorMetrics(REGISTRY)  # KServe's, so that its /metrics shows ours, too
        metrics.name_models([model.identity])
        repository = create_repository(self._model.source(), self._settings, metrics)
        name, version = model.identity.model, model.identity.version
        repository.serving.put(name, [ModelVersion(name, version, model, self._model.examples)])
        repository.serving.start()
        plane = create_data_plane(repository, self._settings, metrics)
        return create_fast_doors(self._settings, plane, Doorkeeper())

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_doors": None}


class FastModelServer(ModelServer):  # type: ignore[misc]  # KServe's SDK has no types
    """The stock server, for one model, with one worker or several."""

    def __init__(self, connections: FastConnections) -> None:
        super().__init__()
        self._connections = connections

    async def _serve(self) -> None:
        rest = self._rest_server or self._rest_multiprocess_server._rest_server
        rest.config.http = self._connections
        await super()._serve()
