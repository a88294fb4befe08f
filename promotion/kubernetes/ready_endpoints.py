"""Ready endpoints of a Service, as its EndpointSlices say."""

from urllib.parse import urlsplit

from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.release import Release


def slices_query(*services: str) -> dict[str, str]:
    """Selects the EndpointSlices of any of these Services."""
    return {"labelSelector": f"kubernetes.io/service-name in ({','.join(services)})"}


def count_ready(endpoint_slice: JsonObject) -> int:
    """Endpoints that take requests; one that is ending is none, whatever it still answers."""
    endpoints = endpoint_slice.get("endpoints") or []
    return sum(endpoint.get("conditions", {}).get("ready") is not False for endpoint in endpoints)


def read_ready(api: ApiServer, release: Release, service: str) -> int:
    """Ready endpoints of `service` now. Raises ApiUnreachable, ApiRefused."""
    found = api.list(release.endpoint_slices, slices_query(service))
    return sum(count_ready(each) for each in found["items"])


def list_urls(api: ApiServer, release: Release, url: str, revision: str) -> list[str]:
    """The pods behind `url`, where it names the revision's Service: each is asked for itself. Else `url` alone.

    Raises ApiUnreachable, ApiRefused.
    """
    service = (urlsplit(url).hostname or "").partition(".")[0]
    if service not in release.services_of(revision):
        return [url]
    found = api.list(release.endpoint_slices, slices_query(service))
    return [
        f"http://{_in_url(address)}:{port['port']}"
        for each in found["items"]
        for port in (each.get("ports") or [])[:1]
        for endpoint in each.get("endpoints") or []
        for address in endpoint["addresses"][:1]
    ]


def _in_url(address: str) -> str:
    return f"[{address}]" if ":" in address else address
