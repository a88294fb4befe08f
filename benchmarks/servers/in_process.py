"""ONNX Runtime without any server: `python -m benchmarks.servers.in_process SECONDS ROWS`, runs a second as JSON."""

import json
import sys
import time

import numpy as np

from benchmarks.servers.mlp import Mlp


def main() -> None:
    """Run for SECONDS, ROWS at a time."""
    seconds, rows = float(sys.argv[1]), int(sys.argv[2])
    mlp = Mlp()
    batch = np.random.default_rng(0).random((rows, 784), dtype=np.float32)
    for _ in range(100):
        mlp.answer(batch)
    runs, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < seconds:
        for _ in range(10):
            mlp.answer(batch)
        runs += 10
    print(json.dumps(runs / spent))


if __name__ == "__main__":
    main()
