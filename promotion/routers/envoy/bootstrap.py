"""What Envoy is started with: one listener, a cluster a role, and the cluster that falls back from canary to stable.

Paths are relative to the state directory, inside of which Envoy runs.
"""

from typing import Any
from urllib.parse import urlsplit

from promotion.routers.envoy.readiness import READINESS_PATH
from promotion.routers.envoy.revisions import Role
from promotion.routers.envoy.routes import ROUTE_CONFIGURATION
from promotion.routers.envoy.state_directory import ADMIN_SOCKET, ROUTES, JsonObject, endpoints_file

STAT_PREFIX = "assay"
COUNTER_NAME = "answered"
HISTOGRAM_NAME = "took"
# Milliseconds; Envoy's own buckets are two to five times the one before, which tells a quantile no better.
_BUCKETS = tuple(step * 10**power for power in range(5) for step in (1, 1.5, 2, 3, 5, 7))

_COLLECTOR = "collector"
_TYPES = "type.googleapis.com/envoy"
# Above what a machine holds: with Envoy's default of 3 retries at once, a killed canary fails thousands of requests.
_CIRCUIT_BREAKERS = {
    "thresholds": [{f"max_{what}": 4096 for what in ("connections", "pending_requests", "requests", "retries")}]
}


def make_bootstrap(host: str, port: int, traces_url: str | None = None) -> JsonObject:
    """The bootstrap of a gateway that listens on `host:port`.

    Spans go to `traces_url`, the whole URL of a collector's door for OTLP/HTTP, where there is one.
    """
    return {
        "node": {"id": "assay", "cluster": "assay"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "stats_flush_on_admin": True,  # else histograms are up to five seconds older than counters
        "stats_config": {
            "histogram_bucket_settings": [{"match": {"prefix": f"{STAT_PREFIX}."}, "buckets": list(_BUCKETS)}]
        },
        "static_resources": {
            "listeners": [_make_listener(host, port, traces_url)],
            "clusters": [
                _make_role_cluster("stable"),
                _make_canary_cluster(),
                _make_fallback_cluster(),
                *([_make_collector_cluster(traces_url)] if traces_url else []),
            ],
        },
    }


def _make_listener(host: str, port: int, traces_url: str | None) -> JsonObject:
    connection_manager: JsonObject = {
        "@type": f"{_TYPES}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": STAT_PREFIX,
        "codec_type": "AUTO",
        # What is matched is what the predictor sees: no path spells an inference door in a second way.
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        # Both revisions record a mirrored request by one id: the client's, or one that is made here.
        "generate_request_id": True,
        "preserve_external_request_id": True,
        "request_id_extension": {
            "typed_config": {
                "@type": f"{_TYPES}.extensions.request_id.uuid.v3.UuidRequestIdConfig",
                "pack_trace_reason": False,
            }
        },
        "server_header_transformation": "PASS_THROUGH",
        "rds": {"route_config_name": ROUTE_CONFIGURATION, "config_source": _watched_file(ROUTES)},
        "access_log": [_make_request_counter()],
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.filters.http.router.v3.Router",
                    "suppress_envoy_headers": True,
                },
            }
        ],
    }
    if traces_url:
        connection_manager["tracing"] = _make_tracing(traces_url)
    return {
        "name": "assay",
        "address": {"socket_address": {"address": host, "port_value": port}},
        "enable_reuse_port": False,  # else a second gateway starts silently on the same port and takes half of it
        "filter_chains": [{"filters": [{"name": "http", "typed_config": connection_manager}]}],
    }


def _make_tracing(traces_url: str) -> JsonObject:
    """A span for each request, of the client's trace where it names one; the revision that answers goes on with it."""
    return {
        "provider": {
            "name": "envoy.tracers.opentelemetry",
            "typed_config": {
                "@type": f"{_TYPES}.config.trace.v3.OpenTelemetryConfig",
                "http_service": {"http_uri": {"uri": traces_url, "cluster": _COLLECTOR, "timeout": "2s"}},
                "service_name": "assay-gateway",
            },
        },
    }


def _make_collector_cluster(traces_url: str) -> JsonObject:
    parts = urlsplit(traces_url)
    address = {"socket_address": {"address": parts.hostname, "port_value": parts.port or 80}}
    return {
        "name": _COLLECTOR,
        "type": "STRICT_DNS",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": _COLLECTOR,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _make_request_counter() -> JsonObject:
    """Counts finished requests by route, the role that was asked last, the code that the client saw, Envoy's flags.

    A histogram of how long they took goes by route and role.

    The clusters' own counters do not add up to that: they count attempts, and stable's hold the base routes, too.
    """
    tags = {
        "route": "%ROUTE_NAME%",
        "role": "%UPSTREAM_METADATA(assay:role)%",
        "code": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
    }
    named = [{"name": name, "value_format": value} for name, value in tags.items()]
    answered = {"stat": {"name": COUNTER_NAME, "tags": named}, "value_fixed": 1}
    took = {
        "stat": {"name": HISTOGRAM_NAME, "tags": named[:2]},
        "unit": "Milliseconds",
        "value_format": "%DURATION%",
    }
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": {
            "@type": f"{_TYPES}.extensions.access_loggers.stats.v3.Config",
            "stats_scope": {"prefix": STAT_PREFIX},
            "counters": [answered],
            "histograms": [took],
        },
    }


def _make_role_cluster(role: Role) -> JsonObject:
    """A cluster whose endpoint comes from a watched file, so that a revision can take the role while traffic runs."""
    return {
        "name": role,
        "type": "EDS",
        "eds_cluster_config": {"eds_config": _watched_file(endpoints_file(role))},
        "ignore_health_on_host_removal": True,  # else a revision without the role keeps its share while it is healthy
        # Else the workers hear of a change of health up to a second after the admin interface shows it, and a split is
        # confirmed while its canary gets nothing.
        "common_lb_config": {"update_merge_window": "0s"},
        "connect_timeout": "0.25s",
        "circuit_breakers": _CIRCUIT_BREAKERS,
        "outlier_detection": _make_outlier_detection(),
    }


def _make_canary_cluster() -> JsonObject:
    """The canary's health is watched: while it is not ready, stable answers for it.

    Stable's is not. Nobody takes over from it, so a stable that is too busy for its health check would only be replaced
    by an answer of Envoy's own; a revision is asked whether it is ready before it becomes stable.
    """
    check = {
        "timeout": "1s",
        "interval": "1s",
        "no_traffic_interval": "1s",
        "unhealthy_threshold": 2,
        "healthy_threshold": 1,
        "http_health_check": {"path": READINESS_PATH},
    }
    return {**_make_role_cluster("canary"), "health_checks": [check]}


def _make_outlier_detection() -> JsonObject:
    """Only refused and broken connections eject, within milliseconds; what a revision answers never does."""
    answers = ("consecutive_5xx", "consecutive_gateway_failure", "success_rate", "local_origin_success_rate")
    detection: dict[str, Any] = {f"enforcing_{what}": 0 for what in answers}
    return detection | {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": 3,
        "enforcing_consecutive_local_origin_failure": 100,
        "interval": "1s",
        "base_ejection_time": "2s",
        "max_ejection_percent": 100,
    }


def _make_fallback_cluster() -> JsonObject:
    """Canary first, stable when the canary is gone: a retry never leaves a plain weighted cluster for another."""
    return {
        "name": "canary-or-stable",
        "connect_timeout": "0.25s",
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": _CIRCUIT_BREAKERS,
        "cluster_type": {
            "name": "envoy.clusters.aggregate",
            "typed_config": {
                "@type": f"{_TYPES}.extensions.clusters.aggregate.v3.ClusterConfig",
                "clusters": ["canary", "stable"],
            },
        },
    }


def _watched_file(name: str) -> JsonObject:
    folder = name.rpartition("/")[0]
    return {
        "resource_api_version": "V3",
        "path_config_source": {"path": name, "watched_directory": {"path": folder}},
    }
