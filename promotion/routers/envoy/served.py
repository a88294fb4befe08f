"""What the gateway counted and timed on the split route, for the guardrails: the answers that clients got."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from promotion.guardrails.guardrail_source import LiveMetricsMissing
from promotion.guardrails.served_requests import ServedPair, ServedTally, to_pair
from promotion.routers.envoy.admin import EnvoyAdmin
from promotion.routers.envoy.bootstrap import COUNTER_NAME, HISTOGRAM_NAME, STAT_PREFIX
from promotion.routers.envoy.routes import SPLIT_ROUTE
from promotion.routers.traffic_router import RouterUnreachable

_COUNTED = f"envoy_{STAT_PREFIX}_{COUNTER_NAME}"
_TIMED = f"envoy_{STAT_PREFIX}_{HISTOGRAM_NAME}_bucket"


class EnvoyServed:
    """GuardrailSource over the gateway of a state directory; times are from a request's arrival to its answer's end.

    A request has failed for the role that was asked last when its answer is of the 5xx class or broke off. Where Envoy
    had nobody to ask, it is nobody's: EnvoyRequestCounter counts it.
    """

    name = "gateway"

    def __init__(self, directory: Path) -> None:
        self._admin = EnvoyAdmin(directory)
        self._directory = directory

    def read_served(self) -> ServedPair:
        """As the seam says."""
        try:
            pattern = rf"^{STAT_PREFIX}\.({COUNTER_NAME}|{HISTOGRAM_NAME})\.route\.{SPLIT_ROUTE}\."
            text = self._admin.read_stats_text(pattern)
            tallies = {"stable": ServedTally(), "canary": ServedTally()}
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if (tally := tallies.get(sample.labels.get("role", ""))) is not None:
                        _add(sample, tally)
            return to_pair(tallies)
        except RouterUnreachable as error:
            raise LiveMetricsMissing(str(error)) from error
        except ValueError as error:
            raise LiveMetricsMissing(f"the gateway of {self._directory} has no counts: {error}") from error


def _add(sample: Sample, tally: ServedTally) -> None:
    if sample.name == _TIMED:
        tally.add_bucket(float(sample.labels["le"]) / 1000, sample.value)
    elif sample.name.removesuffix("_total") == _COUNTED:
        code, flags = sample.labels.get("code", ""), sample.labels.get("flags", "-")
        is_whole = flags == "-"  # Envoy flags everything that is not simply what a revision answered
        have_failed = code.startswith("5") or (not is_whole and code.startswith("2"))
        if "DC" not in flags:  # its client gave it up
            tally.add_requests(sample.value, have_failed=have_failed)
