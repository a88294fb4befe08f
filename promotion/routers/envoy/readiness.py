"""Whether a revision may have a role at all: asked of the revision itself, before anything is written."""

import time
from collections.abc import Callable

import httpx

from promotion.routers.envoy.revisions import RevisionEndpoint

READINESS_PATH = "/v2/health/ready"
POLL_SECONDS = 0.005
ANSWER_TIMEOUT_SECONDS = 2.0


def find_unreadiness(revision: RevisionEndpoint) -> str | None:
    """What keeps the revision from being ready, as a line for a person; None when it answers 200."""
    url = f"{revision.url}{READINESS_PATH}"
    transport = httpx.HTTPTransport(verify=False)  # saves loading the certificate authorities: there is no TLS here
    try:
        with httpx.Client(transport=transport, timeout=ANSWER_TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.get(url)
    except httpx.TransportError as error:
        return f"{url} does not answer: {error or type(error).__name__}"
    return None if answer.status_code == 200 else f"{url} answers {answer.status_code}"


def poll(find_missing: Callable[[], str | None], timeout_seconds: float) -> str | None:
    """Ask, at least once, until nothing is missing; what was still missing after `timeout_seconds`."""
    deadline = time.monotonic() + timeout_seconds
    while (missing := find_missing()) is not None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return missing
