"""AssayModel: a served model as a kserve.Model, for the stock kserve.ModelServer.

KServe's transports have already parsed a request; its tensors are checked here by the same rules as on our own server,
and what is wrong with them is InvalidInput, which KServe answers with 400 / INVALID_ARGUMENT.
"""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import kserve
from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
from kserve.protocol.infer_type import to_http_parameters

from bundle import read_bundle
from open_inference import InferRequest, ProtocolError, RequestedOutput, Tensor
from open_inference.json_data import decode_data
from predictor.errors import RequestRefused
from predictor.examples import Example, warm_up
from predictor.model_sources import OneBundle
from predictor.served_model import Inference, ServedModel
from predictor.settings import PredictorSettings
from predictor.wiring import load_model


class AssayModel(kserve.Model):  # type: ignore[misc]  # KServe's SDK has no types
    """The bundle at `bundle_path`, under `name`. Not ready until `load` has returned.

    It can be pickled, which KServe does to give it to several workers: what travels is where the bundle is, and each
    worker loads and verifies it anew.
    """

    def __init__(self, name: str, bundle_path: Path, settings: PredictorSettings) -> None:
        super().__init__(name)
        self._bundle_path = bundle_path
        self._settings = settings.model_copy(update={"model": name})
        self._served: ServedModel | None = None
        self.examples: tuple[Example, ...] = ()

    def load(self) -> bool:
        """Read, verify and load the bundle. Raises BundleError and ModelNotUsable. Can be repeated."""
        served = load_model(read_bundle(self._bundle_path), self._settings)
        self.examples = warm_up(served)
        self._served = served
        self.ready = True
        return True

    def source(self) -> OneBundle:
        """Where it is loaded from. Raises BundleError."""
        return OneBundle(self._bundle_path, model=self._settings.model, revision=self._settings.revision)

    def stop(self) -> None:
        """Be not ready, and let the model go."""
        self.ready = False
        self._served = None

    def get_input_types(self) -> list[dict[str, Any]]:
        """The model's inputs in V2's words."""
        return [part.model_dump(mode="json") for part in self.served().manifest.inputs]

    def get_output_types(self) -> list[dict[str, Any]]:
        """The model's outputs in V2's words."""
        return [part.model_dump(mode="json") for part in self.served().manifest.outputs]

    async def predict(
        self, payload: kserve.InferRequest | dict[str, Any], headers: dict[str, str] | None = None
    ) -> kserve.InferResponse:
        """Answer a V2 request.

        Raises InvalidInput, ModelNotFound and ModelNotReady; InferenceFailed, which KServe calls internal.
        """
        if not isinstance(payload, kserve.InferRequest):
            raise InvalidInput("the request is not V2; expected POST /v2/models/{name}/infer or ModelInfer")
        model = self.served()
        if payload.model_version not in {None, "", model.identity.version}:
            raise ModelNotFound(f"{self.name} version {payload.model_version}")
        try:
            inference = await asyncio.to_thread(model.infer, _read(payload))
        except (ProtocolError, RequestRefused) as error:
            raise InvalidInput(str(error)) from error
        return _write(inference, payload, headers or {})

    def served(self) -> ServedModel:
        """What `load` has loaded. Raises kserve's ModelNotReady."""
        if self._served is None:
            raise ModelNotReady(self.name)
        return self._served

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_served": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if self.ready:
            self.load()


def _read(payload: kserve.InferRequest) -> InferRequest:
    return InferRequest(
        inputs=tuple(_read_tensor(value) for value in payload.inputs),
        outputs=tuple(
            RequestedOutput(output.name, to_http_parameters(output.parameters or {}))
            for output in payload.request_outputs or ()
        ),
    )


def _read_tensor(value: kserve.InferInput) -> Tensor:
    place = f'input "{value.name[:40]}": data'
    if isinstance(value.data, list) and value.data:
        data = decode_data(value.data, value.datatype, value.shape, place)
    else:
        try:
            data = value.as_numpy()
        except ValueError as error:
            raise InvalidInput(f"{place} does not fill the shape {value.shape} with {value.datatype}") from error
    return Tensor(value.name, value.datatype, tuple(value.shape), data)


def _write(inference: Inference, payload: kserve.InferRequest, headers: dict[str, str]) -> kserve.InferResponse:
    response = inference.to_response(payload.id or headers.get("x-request-id") or uuid.uuid4().hex)
    outputs = [  # as lists: with an array KServe asks for its truth when a gRPC client wants raw contents
        kserve.InferOutput(tensor.name, list(tensor.shape), tensor.datatype, tensor.data.ravel().tolist())
        for tensor in response.outputs
    ]
    return kserve.InferResponse(
        response_id=response.id,
        model_name=response.model_name,
        model_version=response.model_version,
        infer_outputs=outputs,
        parameters=dict(response.parameters),
        use_binary_outputs=payload.use_binary_outputs,
        requested_outputs=payload.request_outputs,
    )
