"""Which split the gateway goes by, asked of the gateway itself: the controller's word comes earlier than its deeds.

A probe goes to an inference door with a header that only the split route's own rules look for. The gateway answers it
by itself, with a redirect that carries the token of the write, so no revision infers or counts anything. Only where it
is asked whether the revisions are reached at all do they see a probe: an inference without a row, which a predictor
refuses with 400 before it infers; a few for a rollout, before the first step, told by their User-Agent.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from promotion.kubernetes.split_route import CLASSIFY_PATH, PROBE_HEADER, SPLIT_HEADER, Probed

ANSWERS = 12
"""So many in a row, each over a connection of its own: Envoy's workers take a new configuration one after the other."""
TIMEOUT_SECONDS = 2.0
USER_AGENT = "assay-rollout (split probe)"


@dataclass(frozen=True, slots=True)
class GatewayProbe:
    """Asks the gateway at `url`, such as http://envoy.gateways."""

    url: str

    def find_other_answer(self, token: str | None, hostnames: list[str], probed: Probed = "gateway") -> str | None:
        """What an answer said that was not by the write `token` (None: no split); None where all were.

        `probed` is the rule that has to answer; a revision's answer must not be of the 5xx class.
        """
        headers = {"User-Agent": USER_AGENT, "Connection": "close", PROBE_HEADER: probed}
        headers |= {"Host": _host(self.url, hostnames), "Content-Type": "application/json"}
        verify = self.url.startswith("https:")  # else there is nothing to verify, and loading authorities takes long
        for _ in range(ANSWERS):
            try:
                with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, verify=verify) as client:
                    answer = client.post(self.url.rstrip("/") + CLASSIFY_PATH, headers=headers)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return f"the gateway {self.url} does not answer: {error or type(error).__name__}"
            found = answer.headers.get(SPLIT_HEADER)
            if found != token:
                return f"the gateway answers by {found or 'no split'}, not by {token or 'no split'}"
            if answer.status_code >= 500:
                return f"the gateway answers {answer.status_code} for the rule {probed}"
        return None


def _host(url: str, hostnames: list[str]) -> str:
    """A host that the route is for; a wildcard stands for any name."""
    return hostnames[0].replace("*", "probe", 1) if hostnames else urlsplit(url).netloc
