"""The predictor as the page asks it: over HTTP, by the doors that everybody has."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from access.caller import OwnCredentials
from bundle import ImageForm

PATIENCE_SECONDS = 5.0


class PredictorAway(Exception):
    """Nobody answers, or not now."""

    def __init__(self, text: str, next_step: str) -> None:
        super().__init__(text)
        self.next_step = next_step


class AnswerRefused(Exception):
    """The predictor does not take what it was asked; its own words."""


@dataclass(frozen=True, slots=True)
class AskedModel:
    """What GET /metadata says, as far as it changes the page."""

    title: str
    model: str
    version: str
    revision: str
    bundle_digest: str
    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]
    classes: tuple[str, ...]
    image: ImageForm | None
    """How it takes pictures; None where it takes none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one row or picture."""

    label: str
    """Of a classification; else empty."""
    value: float | None
    """Of a regression."""
    probabilities: tuple[tuple[str, float], ...]
    """By class, in the model's order; empty for a regression."""
    revision: str
    version: str
    bundle_digest: str
    request_id: str
    milliseconds: float
    """From the page's question to its answer."""


class AskedPredictor:
    """One predictor, or a gateway in front of several. Used by one page at a time."""

    def __init__(self, url: str, credentials: OwnCredentials) -> None:
        self.url = url.rstrip("/")
        # A proxy that is set for the way out knows nothing of addresses inside.
        self._client = httpx.AsyncClient(
            base_url=self.url,
            timeout=PATIENCE_SECONDS,
            trust_env=False,
            headers=credentials.headers,
            verify=credentials.verify(self.url),
        )

    async def read_model(self) -> AskedModel:
        """What it serves. Raises PredictorAway. Can be repeated."""
        card = (await self._ask("GET", "/metadata")).json()
        image = card.get("image")
        return AskedModel(
            title=str(card.get("title") or card["model"]),
            model=card["model"],
            version=card["version"],
            revision=card["revision"],
            bundle_digest=card["bundle_digest"],
            features=tuple(card.get("features", ())),
            categories={name: tuple(known) for name, known in card.get("categories", {}).items()},
            classes=tuple(card.get("classes", ())),
            image=ImageForm.model_validate(image) if image else None,
        )

    async def read_example(self) -> list[Any]:
        """A row that it takes, as its own example; empty where it has none. Raises AnswerRefused and PredictorAway."""
        examples = (await self._ask("GET", "/example")).json()["examples"]
        body = next((one["request"]["body"] for one in examples if one["name"] == "classify-row"), "[]")
        said = orjson.loads(body) if isinstance(body, str) else body
        row = said.get("row", said) if isinstance(said, dict) else said
        return list(row.values()) if isinstance(row, dict) else list(row)

    async def classify(self, row: str, model: AskedModel) -> Answer:
        """The answer to the first row of JSON or CSV. Raises AnswerRefused and PredictorAway."""
        kind = "application/json" if row.lstrip()[:1] in {"[", "{"} else "text/csv"
        asked = {"content": row.encode(), "headers": {"content-type": kind}}
        answered = await self._ask("POST", "/classify?probabilities=true", **asked)
        said = answered.json()
        shares = said["predictions"][0].get("probabilities") or {}
        known = tuple((label, float(shares[label])) for label in model.classes if label in shares)
        return _answer(said, known, answered)

    async def classify_picture(self, png: bytes, model: AskedModel) -> Answer:
        """The answer to a picture. Raises AnswerRefused and PredictorAway."""
        every = {"x-top-k": str(max(1, len(model.classes)))}
        answered = await self._ask("POST", "/forward", json={"image": base64.b64encode(png).decode()}, headers=every)
        said = answered.json()
        best = {one["label"]: float(one["probability"]) for one in said["predictions"][0].get("top") or ()}
        return _answer(said, tuple((label, best[label]) for label in model.classes if label in best), answered)

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            answered = await self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            why = str(error) or type(error).__name__
            raise PredictorAway(
                f"The predictor at {self.url} does not answer: {why}.",
                "Look whether the deployed revision runs (assay split show), then load this page again.",
            ) from error
        if answered.status_code in {400, 413, 415, 422}:
            raise AnswerRefused(_explain(answered))
        if answered.is_error:
            raise PredictorAway(
                f"The predictor at {self.url} answers {answered.status_code}: {_explain(answered)}.",
                "Look at its log; a model that still loads answers in a moment.",
            )
        return answered


def _answer(said: dict[str, Any], probabilities: tuple[tuple[str, float], ...], answered: httpx.Response) -> Answer:
    first = said["predictions"][0]
    return Answer(
        label=str(first.get("label", "")),
        value=first.get("value"),
        probabilities=probabilities,
        revision=said["revision"],
        version=said["version"],
        bundle_digest=said["bundle_digest"],
        request_id=said["request_id"],
        milliseconds=1000 * answered.elapsed.total_seconds(),
    )


def _explain(answered: httpx.Response) -> str:
    try:
        said = answered.json()
    except ValueError:
        return answered.reason_phrase
    return str(said.get("error") or said.get("detail") or said) if isinstance(said, dict) else str(said)
