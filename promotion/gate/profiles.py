"""Policies to begin with. docs/gate.md says in numbers what each of them costs; a test computes the same numbers."""

from collections.abc import Mapping

from promotion.gate.policy import GatePolicy, GuardrailPolicy

PROFILES: Mapping[str, GatePolicy] = {
    # A model whose mistakes are expensive: half the margins and half the risk, paid with about five times the rows.
    "strict": GatePolicy(
        margin=0.01,
        class_margin=0.03,
        alpha=0.025,
        harm_goes_first=True,
        growth_margin=0.025,
        slice_growth_margin=0.05,
        guardrails=GuardrailPolicy(
            error_margin=0.01, latency_ratio=1.5, latency_margin_seconds=0.025, alpha=0.05, errors_are_shown=True
        ),
    ),
    "default": GatePolicy(),
    # A small holdout and an owner who looks: it still shows something, and stops what is clearly broken.
    "exploratory": GatePolicy(
        margin=0.05,
        class_margin=0.1,
        alpha=0.1,
        power=0.8,
        growth_margin=0.1,
        slice_growth_margin=0.2,
        guardrails=GuardrailPolicy(error_margin=0.05, latency_ratio=4.0, latency_margin_seconds=0.5),
    ),
}
