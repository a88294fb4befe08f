"""The model that the query of a request names, for the doors whose path does not."""

from typing import Annotated

from fastapi import Depends, Query
from starlette.requests import Request

from predictor.http.request_scope import find_model
from predictor.served_model import ServedModel


async def _find_asked(
    request: Request,
    model: Annotated[str | None, Query(description="the model's name; not needed where there is one")] = None,
    version: Annotated[str | None, Query(description="its version; the highest that is loaded if left out")] = None,
) -> ServedModel:
    return find_model(request, model, version)


AskedModel = Annotated[ServedModel, Depends(_find_asked)]
