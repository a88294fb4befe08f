"""What POST /forward does with a body, and in which words it fails."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from open_inference import ProtocolError
from open_inference.json_object import quote
from predictor.batches import Exchange
from predictor.errors import BadRequest, DataNotProcessed, ImageNotReadable, InferenceFailed, NoAnswer, RequestRefused
from predictor.forward.answer import forward_answer
from predictor.forward.read_forward import Asked, ask_about, read_forward, read_top_classes
from predictor.http.body import Answer, write_answer
from predictor.http.form import is_form, read_form
from predictor.log_lines import LOG
from predictor.served_model import Inference, ServedModel

TOP_HEADER = "x-top-k"
TOP_FIELD = "top_k"
_IMAGE_FIELD = "image"


def forward_exchange(
    body: bytes, headers: Mapping[str, str], request_id: str, model: ServedModel, *, pixel_limit: int
) -> Exchange[Answer]:
    """POST /forward. Raises RequestRefused, ProtocolError, and BodyTooLarge over `pixel_limit`."""
    asked, top_classes = _read(body, headers, model, pixel_limit)

    def write(inference: Inference) -> Answer:
        said = forward_answer(
            inference, model.manifest.classes, request_id=request_id, top_classes=top_classes, picture=asked.picture
        )
        return write_answer(headers, said.to_json(is_single=asked.is_single))

    return asked.request, write


@contextmanager
def explained(request_id: str) -> Iterator[None]:
    """Tell BadRequest or DataNotProcessed instead of what says the same; limits and overload stay what they are."""
    try:
        yield
    except (NoAnswer, ImageNotReadable) as error:
        raise DataNotProcessed(str(error)) from error
    except (RequestRefused, ProtocolError) as error:
        raise BadRequest(str(error)) from error
    except InferenceFailed as error:
        fields = {"request_id": request_id}
        logging.getLogger(LOG).error("an inference failed", extra={"fields": fields}, exc_info=True)
        raise DataNotProcessed("the model failed: the server's log says more under this request id") from error


def _read(body: bytes, headers: Mapping[str, str], model: ServedModel, pixel_limit: int) -> tuple[Asked, int]:
    content_type = headers.get("content-type", "")
    top_classes = headers.get(TOP_HEADER)
    if not is_form(content_type):
        return read_forward(body, content_type, model, pixel_limit=pixel_limit), read_top_classes(top_classes)
    parts = dict(read_form(body, content_type))
    image = parts.pop(_IMAGE_FIELD, None)
    field = parts.pop(TOP_FIELD, None)
    if parts or image is None:
        found = ", ".join(map(quote, sorted(parts))) or "no image"
        raise RequestRefused(f"the form has {found}; expected the file {_IMAGE_FIELD}, and {TOP_FIELD} at most")
    if field is not None:
        top_classes = field.decode(errors="replace")
    return ask_about(image, model, pixel_limit=pixel_limit), read_top_classes(top_classes)
