"""What can go wrong around a gateway, beside what every router may raise.

RouterError (promotion/routers/traffic_router.py)
├── GatewayNotStarted      the port or the directory is taken, Envoy refuses its configuration, stable does not answer
├── StepOutOfOrder         the roles or the split of now do not allow the step; nothing was changed
└── RevisionNotConfirmed   the revision does not answer as ready; whoever had the role before still has it
"""

from promotion.routers.traffic_router import RouterError


class GatewayNotStarted(RouterError):
    """No gateway was left running; the message says why."""


class StepOutOfOrder(RouterError):
    """The roles or the split of now do not allow the step; nothing was changed."""


class RevisionNotConfirmed(RouterError):
    """The revision does not answer as ready; whoever had the role before still has it."""
