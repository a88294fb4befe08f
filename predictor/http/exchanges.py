"""What the doors of inference do with a body, whichever way it came in: the application's doors or fast_protocol.py."""

from collections.abc import Mapping

from open_inference import InferRequest
from open_inference.binary_body import JSON_SIZE_HEADER, read_json_size
from predictor.batches import Exchange
from predictor.classify.answer import classification
from predictor.classify.read_rows import read_rows
from predictor.http.body import Answer, write_answer
from predictor.served_model import Inference, ServedModel


def read_infer(body: bytes, headers: Mapping[str, str], request_id: str) -> Exchange[Answer]:
    """POST .../infer. Raises ProtocolError."""
    message = InferRequest.from_json(body, read_json_size(headers.get(JSON_SIZE_HEADER)))

    def write(inference: Inference) -> Answer:
        response = inference.to_response(message.id or request_id)
        binary = message.binary_outputs([output.name for output in response.outputs])
        return (
            write_answer(headers, *response.to_binary(binary)) if binary else write_answer(headers, response.to_json())
        )

    return message, write


def read_classify(
    body: bytes, headers: Mapping[str, str], request_id: str, model: ServedModel, *, with_probabilities: bool
) -> Exchange[Answer]:
    """POST /classify. Raises RequestRefused or ProtocolError."""
    request, is_single = read_rows(body, headers.get("content-type", ""), model)

    def write(inference: Inference) -> Answer:
        said = classification(
            inference, model.manifest.classes, request_id=request_id, with_probabilities=with_probabilities
        )
        return write_answer(headers, said.to_json(is_single=is_single))

    return request, write
