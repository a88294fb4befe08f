"""Records as predictors write them, without running any."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

STABLE = f"sha256:{'1' * 64}"
CANARY = f"sha256:{'2' * 64}"


def record_line(request_id: str, at: float, digest: str, labels: list[str], **more: Any) -> bytes:
    """A line of schema 1 with all that is read of it, and something that is not."""
    fields = {
        "schema": 1,
        "key": f"{uuid4().hex}-1",
        "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds"),
        "request_id": request_id,
        "bundle_digest": digest,
        "rows": len(labels),
        "inputs": [{"name": "features", "datatype": "FP32", "shape": [len(labels), 1], "data": [0.0] * len(labels)}],
        "labels": labels,
    }
    return orjson.dumps(fields | more) + b"\n"


def append(directory: Path, *lines: bytes, worker: int = 0) -> Path:
    path = directory / f"worker-{worker}" / "predictions.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.writelines(lines)
    return path
