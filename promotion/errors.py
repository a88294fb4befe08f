"""Base of the errors of this package.

PromotionError
├── RouterError          promotion/routers/traffic_router.py
├── GateConfigurationError   promotion/gate/configuration.py
├── SliceNotUsable       promotion/gate/slices.py
├── RecordNotWritten     promotion/gate/record.py
├── LiveMetricsMissing   promotion/guardrails/guardrail_source.py
├── EvidenceError        promotion/evidence/evidence_source.py
└── RolloutError         promotion/rollout/rollout_store.py
"""


class PromotionError(Exception):
    """Base of everything that this package raises; its text is one line for a person."""
