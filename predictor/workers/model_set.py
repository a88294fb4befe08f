"""The models that every worker of a server has, and what becomes of them when they change.

A change is proposed by every worker and made by all of them or by none: what they do not agree about stays as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Literal

_DIFFERENT = "its workers have read different files; load it again when they no longer change"


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody asks for."""

    verb: Literal["load", "unload"]
    name: str


@dataclass(frozen=True, slots=True)
class VersionState:
    """A version of a model, as all workers have it."""

    version: str
    digest: str = ""
    """Of what answers; empty where nothing does."""
    reason: str = ""
    """Why nothing answers, or why what is newer could not take the place of what does."""


ModelSet = Mapping[str, Sequence[VersionState]]
"""The versions of each model, by its name."""
ChangeAll = Callable[[Change], "Future[Sequence[VersionState]]"]
"""Makes a change in all workers of a server; what they have then. Can be called from any thread.

The future raises NotFound and LoadFailed when none has changed, and NotReady when the server is ending.
"""


def agree(before: Sequence[VersionState], proposals: Sequence[Sequence[VersionState]]) -> Sequence[VersionState]:
    """What becomes of a model that was `before`: each version as every worker proposes it.

    A version about which they differ stays as it was, and says what hindered the first worker that could not load it.
    """
    agreed = []
    for version in dict.fromkeys(one.version for proposal in proposals for one in proposal):
        proposed = [next((one for one in proposal if one.version == version), None) for proposal in proposals]
        first = proposed[0]
        if first is None or any(one != first for one in proposed):
            kept = next((one for one in before if one.version == version), VersionState(version))
            reasons = (one.reason for one in proposed if one and one.reason)
            first = replace(kept, reason=next(reasons, _DIFFERENT))
        agreed.append(first)
    return agreed


def read_models(message: Mapping[str, Sequence[Mapping[str, str]]]) -> ModelSet:
    """A set as it comes over a channel."""
    return {name: read_states(states) for name, states in message.items()}


def read_states(message: Sequence[Mapping[str, str]]) -> Sequence[VersionState]:
    """The versions of a model as they come over a channel."""
    return [VersionState(**one) for one in message]
