"""The model registry's aliases follow a rollout: whoever looks there for `stable` finds what serves.

A rollout never waits for the registry, nor ends otherwise because of it: a registry that is away is told of, and left
behind. Aliases are set by another thread, which the rollout's end gives some time.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from assay.output import say
from assay.rollout import RolloutParts
from promotion.rollout.record import RolloutRecord, RolloutState
from training.errors import TrainingError
from training.settings import TrainingSettings
from training.tracking.opening import open_tracking

PATIENCE_SECONDS = 90.0
"""A server that does not answer is given up within that time (training/tracking/client.py)."""


def with_aliases(parts: RolloutParts) -> RolloutParts:
    """`parts` that also keep the aliases of the tracking store that is set; the same parts where none is."""
    url = TrainingSettings().tracking_url
    if not url or parts.is_dry_run:
        return parts
    aliases = RegistryAliases(url, say)

    def report(record: RolloutRecord) -> None:
        parts.report(record)
        aliases.follow(record)

    def finish(record: RolloutRecord) -> None:
        parts.finish(record)
        aliases.finish(record)

    return replace(parts, report=report, finish=finish)


class RegistryAliases:
    """Follows one rollout."""

    def __init__(self, url: str, say: Callable[[str], None]) -> None:
        self._url, self._say = url, say
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registry")
        self._is_told = False
        self._waiting: list[Future[None]] = []

    def follow(self, record: RolloutRecord) -> None:
        """The rollout is under way: its two bundles have their roles. Returns at once."""
        if not self._is_told:
            self._is_told = True
            self._waiting.append(self._thread.submit(self._keep, record))

    def finish(self, record: RolloutRecord) -> None:
        """The rollout has ended: the roles are as its end left them."""
        self._waiting.append(self._thread.submit(self._keep, record))
        _, late = wait(self._waiting, PATIENCE_SECONDS)
        if late:
            self._say(f"{self._url} does not answer: the model registry's aliases may be of before")
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _keep(self, record: RolloutRecord) -> None:
        try:
            registry = open_tracking(self._url).registry
            if record.state is RolloutState.PROMOTED:
                registry.set_alias("stable", record.canary_digest)
                registry.remove_alias("canary", record.canary_digest)
            elif record.state is RolloutState.RESTORED:
                registry.set_alias("stable", record.stable_digest)
                registry.remove_alias("canary", record.canary_digest)
            else:
                registry.set_alias("stable", record.stable_digest)
                registry.set_alias("canary", record.canary_digest)
        except TrainingError as error:
            self._say(f"the model registry's aliases stay as they were: {error}")
