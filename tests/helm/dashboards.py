"""The chart's Grafana dashboards, and what their panels ask Prometheus."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from tests.helm.rendering import CHART, Object

DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))


@dataclass(frozen=True)
class Query:
    """One question of a panel."""

    panel: str
    expression: str

    def of(self, namespace: str, interval: str) -> str:
        """As Grafana asks it."""
        return self.expression.replace("$namespace", namespace).replace("$__rate_interval", interval)


def read_panels(path: Path) -> list[Object]:
    panels: list[Object] = orjson.loads(path.read_bytes())["panels"]
    return [panel for panel in panels if panel["type"] != "row"]


def read_queries(path: Path) -> Iterator[Query]:
    for panel in read_panels(path):
        for target in panel["targets"]:
            yield Query(panel["title"], target["expr"])
