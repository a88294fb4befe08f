"""inference.GRPCInferenceService: each method a few lines over the data plane, as each REST door is."""

from concurrent.futures import ThreadPoolExecutor

import grpc

from access.doorkeeper import Doorkeeper
from open_inference.grpc_messages.generated import open_inference_pb2 as messages
from open_inference.grpc_messages.infer_messages import read_request, write_response
from open_inference.json_object import quote
from predictor.batches import Exchange
from predictor.data_plane import DataPlane
from predictor.errors import NotReady, RequestRefused
from predictor.grpc import descriptions
from predictor.grpc.call_scope import Call, CallScope

SERVICE = messages.DESCRIPTOR.services_by_name["GRPCInferenceService"].full_name
_REFUSING_THREADS = 2  # beside a thread for each call that may wait, so that the next one is told at once
_CHANGING_THREADS = 2  # each waits while models are loaded


class InferenceService:
    """The methods of the service."""

    def __init__(self, plane: DataPlane, doorkeeper: Doorkeeper) -> None:
        self._plane = plane
        self._doorkeeper = doorkeeper

    def handlers(self) -> grpc.GenericRpcHandler:
        """The service, for a server."""
        scope = CallScope(SERVICE, self._plane.serving, self._plane.watch, self._doorkeeper)
        callers = ThreadPoolExecutor(self._plane.threads.limit + _REFUSING_THREADS, "grpc-infer")
        changers = ThreadPoolExecutor(_CHANGING_THREADS, "grpc-repository")
        methods = (
            scope.handle("ServerLive", messages.ServerLiveRequest, self._server_live),
            scope.handle("ServerReady", messages.ServerReadyRequest, self._server_ready),
            scope.handle("ModelReady", messages.ModelReadyRequest, self._model_ready),
            scope.handle("ServerMetadata", messages.ServerMetadataRequest, self._server_metadata),
            scope.handle("ModelMetadata", messages.ModelMetadataRequest, self._model_metadata),
            scope.handle("ModelInfer", messages.ModelInferRequest, self._infer, callers),
            scope.handle("ModelConfig", messages.ModelConfigRequest, self._model_config),
            scope.handle("ModelStatistics", messages.ModelStatisticsRequest, self._statistics),
            scope.handle("RepositoryIndex", messages.RepositoryIndexRequest, self._repository_index),
            scope.handle("RepositoryModelLoad", messages.RepositoryModelLoadRequest, self._load, changers),
            scope.handle("RepositoryModelUnload", messages.RepositoryModelUnloadRequest, self._unload, changers),
        )
        return grpc.method_handlers_generic_handler(SERVICE, dict(methods))

    def _server_live(self, _: messages.ServerLiveRequest, __: Call) -> messages.ServerLiveResponse:
        return messages.ServerLiveResponse(live=True)

    def _server_ready(self, _: messages.ServerReadyRequest, __: Call) -> messages.ServerReadyResponse:
        return messages.ServerReadyResponse(ready=self._is_ready())

    def _model_ready(self, asked: messages.ModelReadyRequest, call: Call) -> messages.ModelReadyResponse:
        try:
            call.find_model(asked.name, asked.version)
            self._plane.serving.check_staying()
        except NotReady:
            return messages.ModelReadyResponse(ready=False)
        return messages.ModelReadyResponse(ready=True)

    def _server_metadata(self, _: messages.ServerMetadataRequest, __: Call) -> messages.ServerMetadataResponse:
        return descriptions.server_metadata(self._plane.server_metadata())

    def _model_metadata(self, asked: messages.ModelMetadataRequest, call: Call) -> messages.ModelMetadataResponse:
        model = call.find_model(asked.name, asked.version)
        return descriptions.model_metadata(call.models.metadata_of(model), model.card)

    def _infer(self, asked: messages.ModelInferRequest, call: Call) -> messages.ModelInferResponse:
        def read() -> Exchange[messages.ModelInferResponse]:
            request = read_request(asked)
            is_raw = bool(asked.raw_input_contents)
            return request, lambda inference: write_response(
                inference.to_response(request.id or call.trail.request_id), is_raw=is_raw
            )

        return self._plane.infer(call.find_model(asked.model_name, asked.model_version), read, call.caller)

    def _model_config(self, asked: messages.ModelConfigRequest, call: Call) -> messages.ModelConfigResponse:
        return descriptions.model_config(call.find_model(asked.name, asked.version).config())

    def _statistics(self, asked: messages.ModelStatisticsRequest, call: Call) -> messages.ModelStatisticsResponse:
        if asked.name:
            call.find_model(asked.name, asked.version)
        models = call.models.find_all(asked.name or None, asked.version or None)
        return descriptions.statistics(self._plane.statistics(models))

    def _repository_index(self, asked: messages.RepositoryIndexRequest, _: Call) -> messages.RepositoryIndexResponse:
        return descriptions.repository_index(self._plane.repository.index(is_ready=asked.ready))

    def _load(self, asked: messages.RepositoryModelLoadRequest, _: Call) -> messages.RepositoryModelLoadResponse:
        for name in asked.parameters:
            raise RequestRefused(f"a model is loaded as it was stored; expected no parameter {name}")
        self._plane.repository.load(_name_of(asked)).result()
        return messages.RepositoryModelLoadResponse()

    def _unload(self, asked: messages.RepositoryModelUnloadRequest, _: Call) -> messages.RepositoryModelUnloadResponse:
        self._plane.repository.unload(_name_of(asked)).result()
        return messages.RepositoryModelUnloadResponse()

    def _is_ready(self) -> bool:
        try:
            self._plane.serving.check_ready()
        except NotReady:
            return False
        return True


def _name_of(asked: messages.RepositoryModelLoadRequest | messages.RepositoryModelUnloadRequest) -> str:
    """The model's name; KServe's clients have it where Triton's have the repository's, which has no name here."""
    if asked.model_name and asked.repository_name:
        raise RequestRefused(f"there is no repository {quote(asked.repository_name)} here; expected none to be named")
    return asked.model_name or asked.repository_name
