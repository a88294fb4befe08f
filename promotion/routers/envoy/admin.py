"""What Envoy itself says of the traffic: the admin interface, over its unix socket only."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson

from promotion.routers.envoy.bootstrap import COUNTER_NAME, STAT_PREFIX
from promotion.routers.envoy.revisions import Role, ServedEndpoint, read_load_assignment
from promotion.routers.envoy.routes import ROUTE_CONFIGURATION
from promotion.routers.envoy.state_directory import ADMIN_SOCKET, JsonObject
from promotion.routers.traffic_router import RouterUnreachable

SOCKET_PATH_LIMIT_BYTES = 100  # the kernel takes 107 on Linux, 103 on macOS
ANSWER_TIMEOUT_SECONDS = 5.0


class EnvoyAdmin:
    """Asks the gateway of a state directory. Every call raises RouterUnreachable, and can be repeated."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def is_live(self) -> bool:
        """Whether Envoy's workers run: before that nothing listens."""
        return self._ask("GET", "/ready").text.strip() == "LIVE"

    def read_token_in_force(self) -> str | None:
        """Token of the split by which requests go now; None before the first."""
        dump = self._ask_json("/config_dump?resource=dynamic_route_configs&mask=version_info,route_config.metadata")
        for config in dump.get("configs", []):
            metadata = config.get("route_config", {}).get("metadata", {}).get("filter_metadata", {}).get("assay", {})
            return str(metadata.get("split"))
        return None

    def count_refusals(self) -> int:
        """How many route tables Envoy could not read or did not accept since it started."""
        name = rf"http\.{STAT_PREFIX}\.rds\.{ROUTE_CONFIGURATION}\.update_(rejected|failure)"
        return sum(self.read_stats(f"^{name}$").values())

    def read_endpoint(self, role: Role) -> ServedEndpoint | None:
        """Who has `role` now, and whether Envoy holds it for healthy; None for nobody."""
        dump = self._ask_json("/config_dump?include_eds&resource=static_endpoint_configs")
        for config in dump.get("configs", []):
            assignment = config["endpoint_config"]
            if assignment.get("cluster_name") == role:
                return read_load_assignment(assignment)
        return None

    def read_answer_counts(self) -> dict[str, int]:
        """Finished requests since the start, by the name that bootstrap.py's request counter gives them."""
        return self.read_stats(rf"^{STAT_PREFIX}\.{COUNTER_NAME}\.")

    def read_stats(self, pattern: str) -> dict[str, int]:
        """Counters and gauges whose name matches a regular expression."""
        stats = self._ask_json(str(httpx.URL("/stats", params={"filter": pattern, "format": "json"})))["stats"]
        return {stat["name"]: stat["value"] for stat in stats if "name" in stat}

    def read_stats_text(self, pattern: str) -> str:
        """Counters and histograms whose name matches a regular expression, as Prometheus text."""
        return self._ask("GET", str(httpx.URL("/stats/prometheus", params={"filter": pattern}))).text

    def begin_drain(self) -> None:
        """Close each connection with its next answer, and accept no new one once the drain time is over."""
        self._ask("POST", "/drain_listeners?graceful")

    def _ask_json(self, path: str) -> JsonObject:
        try:
            answer = orjson.loads(self._ask("GET", path).content)
        except orjson.JSONDecodeError as error:
            raise RouterUnreachable(f"the gateway of {self._directory} answers {path} with something else") from error
        if not isinstance(answer, dict):
            raise RouterUnreachable(f"the gateway of {self._directory} answers {path} with something else")
        return answer

    def _ask(self, method: str, path: str) -> httpx.Response:
        try:
            with _reachable(self._directory / ADMIN_SOCKET) as socket_path, _open_client(socket_path) as client:
                return client.request(method, path)
        except (httpx.TransportError, OSError) as error:
            raise RouterUnreachable(
                f"no gateway answers in {self._directory}: {error or type(error).__name__}"
            ) from error


def _open_client(socket_path: str) -> httpx.Client:
    transport = httpx.HTTPTransport(uds=socket_path, verify=False)  # saves loading the certificate authorities
    return httpx.Client(transport=transport, base_url="http://envoy", timeout=ANSWER_TIMEOUT_SECONDS, trust_env=False)


@contextmanager
def _reachable(socket_path: Path) -> Iterator[str]:
    """A path of the socket that is short enough for the kernel: behind a link where its own is too long."""
    if len(os.fsencode(socket_path)) <= SOCKET_PATH_LIMIT_BYTES:
        yield str(socket_path)
        return
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        link = Path(folder) / "gateway"
        link.symlink_to(socket_path.parent.absolute(), target_is_directory=True)
        yield str(link / socket_path.name)
