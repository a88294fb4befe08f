"""What is on record of two experiments: the paired test of their answers, and their plots."""

from dataclasses import dataclass

from console.errors import NotFound
from console.page.seen_picture import data_address
from console.paired_test import compare_paired
from console.tracking import Tracking
from training.errors import ExperimentsNotComparable

_PLOTS = "plots/"


@dataclass(frozen=True, slots=True)
class Plot:
    """The same plot of both, as addresses of PNGs; an empty text where one of them has none."""

    name: str
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class ExperimentPair:
    """What was found."""

    paired_test: str
    """Its result in a line, or why there is none."""
    plots: tuple[Plot, ...]


def read_pair(tracking: Tracking, first: int, second: int) -> ExperimentPair:
    """Of the experiments `first` and `second`, which have finished. Raises TrackingError."""
    of_first, of_second = (_plots(tracking, number) for number in (first, second))
    plots = tuple(
        Plot(name, of_first.get(name, ""), of_second.get(name, "")) for name in sorted({*of_first, *of_second})
    )
    return ExperimentPair(_test(tracking, first, second), plots)


def _test(tracking: Tracking, first: int, second: int) -> str:
    try:
        return compare_paired(tracking.pair_answers(first, second)).text
    except (ExperimentsNotComparable, NotFound) as error:
        return f"there is no paired test: {error}"


def _plots(tracking: Tracking, experiment_id: int) -> dict[str, str]:
    try:
        paths = [path for path in tracking.list_files(experiment_id) if path.startswith(_PLOTS)]
        return {
            path.removeprefix(_PLOTS).removesuffix(".png").replace("_", " "): data_address(
                tracking.read_file(experiment_id, path)
            )
            for path in paths
            if path.endswith(".png")
        }
    except NotFound:  # trained before anything was tracked
        return {}
