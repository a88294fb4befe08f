"""What POST /forward answers: what /classify says, the best classes of each row, and the picture with the answer."""

import base64

from pydantic import Field

from predictor.classify.answer import Classification, Prediction, classification
from predictor.images.annotate import annotate
from predictor.images.picture import Picture
from predictor.served_model import Inference


class Forward(Classification):
    """The answer."""

    image: str | None = Field(None, description="base64 of a PNG: the picture with label and probability beneath it")


def forward_answer(
    inference: Inference, classes: tuple[str, ...], *, request_id: str, top_classes: int, picture: Picture | None
) -> Forward:
    """The answer to an inference, in the words of `classes` (names by index)."""
    said = classification(inference, classes, request_id=request_id, with_probabilities=False, top_classes=top_classes)
    if picture is None:
        return Forward(**dict(said))
    best = said.predictions[0]
    text = f"{best.label}  {best.probability:.1%}" if isinstance(best, Prediction) else f"{best.value:g}"
    drawn = annotate(picture.image, text)
    return Forward(**dict(said), image=base64.b64encode(drawn).decode())
