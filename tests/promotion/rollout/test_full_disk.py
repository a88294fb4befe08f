"""The disk that rollouts are kept on is full: a real one, of 512 KiB. What stood there still does, and it goes on."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from promotion.gate.outcome import Outcome
from promotion.recorded.answers import LabelsRefused
from promotion.recorded.label_store import FileLabels
from promotion.recorded.labels import TrueLabel
from promotion.rollout.abort import RolloutAbort
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.rollout_store import RolloutError
from tests.promotion.rollout.surroundings import Surroundings, new_record

DISK_BYTES = 512 * 1024
STEPS = (25, 100)
PLAN = RolloutPlan(STEPS)
SAVES = 1 + 1 + 3 * len(STEPS)


@dataclass(frozen=True)
class SmallDisk:
    path: Path

    def fill(self) -> None:
        """Leave not one byte."""
        with (self.path / "ballast").open("ab") as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        os.write(file.fileno(), b"x" * size)
                except OSError:
                    continue

    def free(self) -> None:
        (self.path / "ballast").unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    path = tmp_path / "disk"
    path.mkdir()
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    options = f"size={DISK_BYTES},mode=1777"
    try:
        done = subprocess.run(
            [*as_root, "mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], capture_output=True, check=False
        )
    except FileNotFoundError as error:
        pytest.skip(f"no small file system can be mounted: {error}")
    if done.returncode != 0:
        pytest.skip(f"no small file system can be mounted: {done.stderr.decode().strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run([*as_root, "umount", str(path)], check=True)


class FillingStore(FileRolloutStore):
    """Whose disk is full when it begins to save for the n-th time; it does not try to make it less so."""

    disk: SmallDisk
    full_at: int
    saves: int = 0

    def save(self, record: RolloutRecord) -> None:
        object.__setattr__(self, "saves", self.saves + 1)
        if self.saves == self.full_at:
            self.disk.fill()
        super().save(record)


def filling_store(disk: SmallDisk, full_at: int) -> FillingStore:
    store = FillingStore(disk.path / "rollouts")
    store.directory.mkdir(exist_ok=True)
    for name, value in (("disk", disk), ("full_at", full_at)):
        object.__setattr__(store, name, value)
    return store


def test_wherever_the_disk_gets_full_nothing_is_lost_and_the_same_end_is_reached(disk: SmallDisk) -> None:
    for full_at in range(1, SAVES + 1):
        store = filling_store(disk, full_at)
        around = Surroundings(store)
        with pytest.raises(RolloutError, match=r"rollout-0001\.json cannot be written: No space left on device"):
            around.run(PLAN)
        left = store.read_newest()
        assert (left is None) == (full_at == 1)
        if left is not None:
            assert (left.verdict is Outcome.PROMOTE) == (full_at > 2)
        shares = list(around.router.shares)
        assert shares == [0, *STEPS][: len(shares)]
        with pytest.raises(RolloutError):  # it is still full
            around.resume(left or new_record(PLAN))
        disk.free()
        record = around.resume(store.read_newest() or new_record(PLAN))
        assert record.state is RolloutState.PROMOTED, record.because
        assert around.router.shares == [0, *STEPS]  # each written once
        assert store.read_newest() == record
        store.path_of(record).unlink()


def test_an_abort_restores_stable_on_a_full_disk(disk: SmallDisk) -> None:
    """Neither its order nor the end can be kept there; traffic goes back all the same, and the promoter sees it."""
    store = filling_store(disk, full_at=0)
    around, orders = Surroundings(store), FileRolloutOrders(store.directory)
    around.orders = orders
    abort = RolloutAbort(around.router, store, orders, around.clock)

    def fill_and_abort() -> None:
        disk.fill()
        with pytest.raises(RolloutError, match="No space left on device"):
            abort.abort("ann@desk", "", patience_seconds=0)
        assert around.router.router.read_split().canary_percent == 0

    around.faults.at("read_counts", 5, fill_and_abort)
    with pytest.raises(RolloutError, match="No space left on device"):
        around.run(PLAN)
    assert around.router.shares[-1] == 0
    disk.free()
    left = store.read_newest()
    assert left is not None
    assert left.state is RolloutState.OBSERVING
    record = around.resume(left)
    assert (record.state, record.outcome, record.code) == (RolloutState.RESTORED, Outcome.INCONCLUSIVE, None)
    assert "somebody else set the split to 0 %" in record.because
    assert abort.abort("ann@desk", "", patience_seconds=0) == record


def test_labels_are_kept_whole_or_not_at_all(disk: SmallDisk) -> None:
    labels = FileLabels(disk.path, 1)
    labels.hand_in([TrueLabel("one", 0, "a")], "ann", 1.0)
    many = [TrueLabel(f"request-{number}" + "x" * 50, 0, "a") for number in range(10_000)]
    with pytest.raises(LabelsRefused, match=r"labels-0001-0002\.json cannot be written: No space left on device"):
        labels.hand_in(many, "ann", 2.0)
    assert [path.name for path in disk.path.iterdir()] == ["labels-0001-0001.json"]
    assert labels.hand_in(many[:100], "ann", 3.0).new == 100
