"""The data set: its parts, how the classes are balanced, and rows to look at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from console.data_parts import DataPart
from console.holdouts import Holdout
from console.page.fragments import Fragment, read_or_say
from console.page.label_part import LabelPart
from console.page.sample_rows import SampleRows, read_sample_rows
from console.services import Services


@dataclass(frozen=True, slots=True)
class _Seen:
    parts: Sequence[DataPart]
    holdout: Holdout | None
    samples: SampleRows | None


async def show_data(services: Services, wanted: str | None) -> None:
    """The view of all parts, or of the one with the digest `wanted`."""
    data, holdouts = services.data, services.holdouts
    place = Fragment()
    LabelPart(services.feedback_parts)

    def read() -> _Seen:
        parts, pinned = data.look(), holdouts.pinned()
        shown = next((part for part in parts if part.digest == wanted), parts[-1] if parts else None)
        return _Seen(parts, pinned, read_sample_rows(data.path_of(shown.digest)) if shown else None)

    place.show("loading.html", text="Reading the data set…")
    seen = await read_or_say(place, read)
    if seen is None:
        return
    if not seen.parts:
        step = "Add a part: PUT /add_data takes a CSV file, or a zip of images with labels.csv."
        place.show("empty.html", text="The data set has no parts yet.", next_step=step)
        return
    chosen = next((part for part in seen.parts if part.digest == wanted), None)
    place.show(
        "data.html",
        parts=seen.parts,
        chosen=chosen,
        sampled=chosen or seen.parts[-1],
        holdout=seen.holdout,
        samples=seen.samples,
        balance=balance([chosen] if chosen else seen.parts),
        total=sum(part.rows for part in ([chosen] if chosen else seen.parts)),
    )


@dataclass(frozen=True, slots=True)
class ClassShare:
    """How many rows a class has."""

    label: str
    rows: int
    share: float
    width: str
    """Of its bar, in percent of the largest."""


def balance(parts: Sequence[DataPart]) -> tuple[ClassShare, ...]:
    """The classes of some parts together; empty where there are too many to count, as in a regression."""
    counted: Counter[str] = Counter()
    for part in parts:
        counted.update(part.classes)
    total, most = counted.total(), max(counted.values(), default=0)
    return tuple(
        ClassShare(label, rows, rows / total, f"{100 * rows / most:.2f}")
        for label, rows in sorted(counted.items(), key=_by_label)
    )


def _by_label(one: tuple[str, int]) -> tuple[int, str]:
    """Numbers by their value, before texts."""
    label = one[0]
    return (int(label), "") if label.isdecimal() else (1 << 62, label)
