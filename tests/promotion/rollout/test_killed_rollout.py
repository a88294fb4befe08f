"""A rollout that is killed wherever it changes something and started again reaches the same end."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

REPOSITORY = Path(__file__).parents[3]
STEPS = [5, 25, 50, 100]
WAITS = 2
SHADOW = 4
"""The mirror, what the shadow shows, what labels show, the end of the shadow."""
SAVES = {
    "good": 1 + 1 + SHADOW + 3 * 4 + WAITS,
    "worse": 1 + 1 + 1,
    "swapped": 1 + 1 + SHADOW + 3 * 2 + WAITS + 2 + 1 + 1,
}
"""At the beginning, after the verdict, three a step, a pause and an approval, after going back: see record.py."""
MOVES = {"good": 4 + 1, "worse": 1, "swapped": 3 + 1 + 1}


def sweep(folder: Path, canary: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.promotion.rollout.kill_sweep", str(folder), canary]
    done = subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.PIPE, timeout=300, check=True)
    endings: list[dict[str, Any]] = [orjson.loads(line) for line in done.stdout.splitlines()]
    reached = [ending for ending in endings if not ending["is_in_every_process"] and ending["processes"] == 2]
    assert len(reached) == 2 * (SAVES[canary] + MOVES[canary])
    return endings


@pytest.mark.slow
def test_a_good_canary_is_promoted_wherever_the_rollout_is_killed(tmp_path: Path) -> None:
    for ending in sweep(tmp_path, "good"):
        assert (ending["state"], ending["outcome"], ending["verdict"]) == ("promoted", "PROMOTE", "PROMOTE"), ending
        assert ending["evidence"] == "PROMOTE"
        assert ending["shares"] == STEPS, ending  # each written once
        assert ending["rollout_id"] == 1, ending


@pytest.mark.slow
def test_a_worse_canary_gets_nothing_wherever_the_rollout_is_killed(tmp_path: Path) -> None:
    for ending in sweep(tmp_path, "worse"):
        assert (ending["state"], ending["outcome"], ending["verdict"]) == ("restored", "REJECT", "REJECT"), ending
        assert ending["evidence"] == "REJECT"
        assert set(ending["shares"]) == {0}, ending


@pytest.mark.slow
def test_a_canary_that_is_swapped_at_half_is_left_wherever_the_rollout_is_killed(tmp_path: Path) -> None:
    for ending in sweep(tmp_path, "swapped"):
        assert (ending["state"], ending["outcome"]) == ("restored", "ERROR"), ending
        assert ending["shares"][:3] == [5, 25, 50], ending
        assert set(ending["shares"][3:]) == {0}, ending
