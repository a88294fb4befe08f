"""What the gateway counted on the split route: the answers that clients got, by who really gave them."""

import re
from pathlib import Path

from promotion.routers.envoy.admin import EnvoyAdmin
from promotion.routers.envoy.routes import SPLIT_ROUTE
from promotion.routers.request_counts import RequestCounts

_COUNTER = re.compile(rf"\.route\.{SPLIT_ROUTE}\.role\.([^.]*)\.code\.(\d)\d*\.flags\.(.+)$")


class EnvoyRequestCounter:
    """RequestCounter over the gateway of a state directory.

    A request is counted once, when its answer is finished, whatever retries it took: under the role whose answer the
    client got. Where Envoy had to answer itself, or the answer broke off, it counts as failed only; a request that its
    client gave up is not counted. Health checks and base routes never are. An answer may be counted a moment after the
    client has read it.
    """

    def __init__(self, directory: Path) -> None:
        self._admin = EnvoyAdmin(directory)

    def read_counts(self) -> RequestCounts:
        """Counts since the gateway started. Raises RouterUnreachable. Can be repeated."""
        answered = {"stable": 0, "canary": 0}
        failed = 0
        for name, count in self._admin.read_answer_counts().items():
            counter = _COUNTER.search(name)
            if counter is None:
                continue
            role, code_class, flags = counter.groups()
            is_whole = flags == "-"  # Envoy flags everything that is not simply what a revision answered
            if is_whole and role in answered:
                answered[role] += count
            if code_class == "5" or (not is_whole and "DC" not in flags and code_class == "2"):
                failed += count
        return RequestCounts(stable=answered["stable"], canary=answered["canary"], failed=failed)
