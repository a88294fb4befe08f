"""The whole verdict on simulated canaries: `decide` itself, with classes and a slice."""

from collections.abc import Iterator

import numpy as np

from promotion.gate.evidence import PairedAnswers, SliceGroup
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy, SliceDefinition
from promotion.gate.verdict import decide
from promotion.simulation.canaries import Canary

CLASSES = ("a", "b", "c", "d")
GROUPS = ("slice low", "slice high")
BOTH_RIGHT = 0.8


def verdicts(
    canary: Canary, policy: GatePolicy, runs: int, rows: int, generator: np.random.Generator
) -> Iterator[Outcome]:
    """Verdicts on canaries that differ from stable alike in four classes and in both groups of a slice."""
    sliced = GatePolicy(
        margin=policy.margin,
        class_margin=policy.class_margin,
        alpha=policy.alpha,
        power=policy.power,
        harm_goes_first=policy.harm_goes_first,
        slices=(SliceDefinition("slice", "bucket(mean(*), 2)"),),
    )
    wrong = {label: CLASSES[(place + 1) % len(CLASSES)] for place, label in enumerate(CLASSES)}
    for _ in range(runs):
        truth = [CLASSES[place] for place in generator.integers(0, len(CLASSES), rows)]
        draws = generator.random(rows)
        stable = [
            draw < canary.lost or canary.disagreement <= draw < canary.disagreement + BOTH_RIGHT for draw in draws
        ]
        right = [canary.lost <= draw < canary.disagreement + BOTH_RIGHT for draw in draws]
        is_low = generator.random(rows) < 0.5
        groups = [SliceGroup("slice", name, tuple((is_low == (name == GROUPS[0])).tolist())) for name in GROUPS]
        answers = PairedAnswers(
            truth=tuple(truth),
            stable_labels=tuple(label if hit else wrong[label] for label, hit in zip(truth, stable, strict=True)),
            canary_labels=tuple(label if hit else wrong[label] for label, hit in zip(truth, right, strict=True)),
            classes=CLASSES,
        )
        yield decide(answers, sliced, groups).outcome
