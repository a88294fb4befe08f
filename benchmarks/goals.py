"""What the predictor is meant to reach: each a ratio to a peer within one round, or a figure of ours by itself."""

from dataclasses import dataclass

from benchmarks.peers import B1, G1, J1, J32
from benchmarks.results import IN_PROCESS, Results, Spread

P99, START, RESIDENT = "p99_ms", "start_seconds", "resident_mb"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure of ours, held against `bound`: by itself, or as a ratio to the same figure of `peer`."""

    text: str
    name: str
    figure: str
    bound: float
    peer: str | None = None
    is_at_most: bool = False

    def reached(self, results: Results) -> Spread | None:
        """What was measured; None where somebody was not there."""
        if self.peer is None:
            return results.figure(self.name, self.figure)
        return results.ratio(self.name, self.figure, self.peer, self.figure)

    def is_met(self, reached: Spread) -> bool:
        """Whether the median holds the bound."""
        return reached.middle <= self.bound if self.is_at_most else reached.middle >= self.bound


GOALS = (
    Goal("one JSON row, × FastAPI", "assay", J1, 9, "fastapi"),
    Goal("one JSON row, × KServe", "assay", J1, 20, "kserve"),
    Goal("one JSON row, × ONNX Runtime in process", "assay", J1, 0.6, IN_PROCESS),
    Goal("one binary row, × Triton", "assay", B1, 15, "triton"),
    Goal("one binary row, × KServe", "assay", B1, 45, "kserve"),
    Goal("32 JSON rows, × MLServer", "assay", J32, 4, "mlserver"),
    Goal("32 JSON rows, × FastAPI", "assay", J32, 11, "fastapi"),
    Goal("gRPC, one raw row, × KServe", "assay-grpc", G1, 2, "kserve"),
    Goal("recording, one JSON row, × not recording", "assay-recording", J1, 0.9, "assay"),
    Goal("recording, one binary row, × not recording", "assay-recording", B1, 0.9, "assay"),
    Goal("recording, 32 JSON rows, × not recording", "assay-recording", J32, 0.9, "assay"),
    Goal("p99 at 64 connections, × KServe", "assay", P99, 0.1, "kserve", is_at_most=True),
    Goal("start to the first answer, s", "assay", START, 0.6, is_at_most=True),
    Goal("resident memory after the load, MB", "assay", RESIDENT, 80, is_at_most=True),
)
