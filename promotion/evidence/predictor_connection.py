"""One predictor over one transport, asked once at a time: what HTTP and gRPC have in common, and how their trouble is
told apart. Who asks again, and who counts it, is asked_predictor.py.

TransportTrouble
├── NoAnswer      nothing came, or a word that it cannot answer now; the same can be asked again
├── Refused       it answers, but not this; asking again changes nothing
└── WrongAddress  nobody can be asked there
"""

from dataclasses import dataclass
from typing import Protocol

from open_inference import InferRequest, InferResponse


class TransportTrouble(Exception):
    """Base of what a connection raises; its text goes on after the predictor's name."""


class NoAnswer(TransportTrouble):
    """No answer; `kind` names it in a word or two, so that those of a kind can be counted."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Refused(TransportTrouble):
    """An answer that says no, or none that can be read."""


class WrongAddress(TransportTrouble):
    """A URL that names nothing which can be asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a predictor inferred, and who it says did so."""

    response: InferResponse
    bundle_digest: str | None
    """None where the answer does not say it."""


class PredictorConnection(Protocol):
    """Can be used from several threads at once."""

    @property
    def transport(self) -> str:
        """What a person calls it."""

    def read_metadata(self) -> bytes:
        """What the predictor says of itself: the JSON of GET /metadata. Raises TransportTrouble."""

    def infer(self, model: str, request: InferRequest) -> Answered:
        """Its answer. Raises TransportTrouble, and ProtocolError for an answer that is none of V2's."""

    def close(self) -> None:
        """Nothing is asked any more."""
