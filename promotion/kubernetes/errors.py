"""What can go wrong between a rollout and a cluster, beside what the seams name.

ApiError
├── ApiUnreachable           no answer, or a server that cannot answer now; the call can be repeated
├── ApiConflict              409: the object changed meanwhile, or its fields belong to others
└── ApiRefused               anything else: no such kind, no permission, an object that is not valid
RouterError (promotion/routers/traffic_router.py)
├── RevisionNotAvailable     no ready endpoint, so a share has, or would have, nowhere to go
└── RouteNotUsable           the API server or the chart's route does not allow the split; nothing was changed
RolloutError (promotion/rollout/rollout_store.py)
├── ClaimLost                another process has taken over; nothing was written
└── RecordUnreachable        the record cannot be read or written now
"""

from collections.abc import Iterator
from contextlib import contextmanager

from promotion.errors import PromotionError
from promotion.rollout.rollout_store import RolloutError
from promotion.routers.traffic_router import RouterError, RouterUnreachable, SplitConflict


class ApiError(PromotionError):
    """Base of what a call to the API server raises."""


class ApiUnreachable(ApiError):
    """No answer, or a server that cannot answer now; the call can be repeated."""


class ApiConflict(ApiError):
    """The object is not what the call took it for; nothing was changed."""

    def __init__(self, text: str, *, has_other_owners: bool) -> None:
        super().__init__(text)
        self.has_other_owners = has_other_owners
        """Whether other field managers own what was to be applied, rather than that the object changed."""


class ApiRefused(ApiError):
    """The API server refuses; repeating changes nothing."""


class RevisionNotAvailable(RouterError):
    """A revision has no ready endpoint, so its share of the requests has, or would have, nowhere to go."""


class RouteNotUsable(RouterError):
    """The API server or the chart's route does not allow the split; nothing was changed."""


class ClaimLost(RolloutError):
    """Another process has taken over; nothing was written."""


class RecordUnreachable(RolloutError):
    """The record cannot be read or written now."""


@contextmanager
def as_router_errors() -> Iterator[None]:
    """Let the API server's errors out as what TrafficRouter raises."""
    try:
        yield
    except ApiUnreachable as error:
        raise RouterUnreachable(str(error)) from error
    except ApiConflict as error:
        raise SplitConflict(str(error)) from error
    except ApiRefused as error:
        raise RouteNotUsable(str(error)) from error


@contextmanager
def as_rollout_errors() -> Iterator[None]:
    """Let the API server's errors out as what RolloutStore raises."""
    try:
        yield
    except ApiError as error:
        raise RecordUnreachable(str(error)) from error
