"""Which sources a rollout's guardrails go by, as `assay promote` is told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from promotion.guardrails.guardrail_source import GuardrailSource

KNOWN = ("gateway", "revisions")


@dataclass(frozen=True, slots=True)
class GuardrailSources:
    """The sources that are asked; where they differ, each is shown, and the strictest decides."""

    names: tuple[str, ...] = ("gateway",)
    prometheus_url: str | None = None
    """One more source, where it is given."""
    prometheus_labels: Mapping[str, str] | None = None

    def choose(
        self, made: Mapping[str, "GuardrailSource"], read_names: Callable[[], tuple[str, str]]
    ) -> tuple["GuardrailSource", ...]:
        """Those of `made` that are named, and a Prometheus that knows stable and canary by what `read_names` gives."""
        from promotion.guardrails.prometheus_source import PrometheusServed

        chosen = tuple(made[name] for name in self.names)
        if self.prometheus_url is None:
            return chosen
        return (*chosen, PrometheusServed(self.prometheus_url, *read_names(), self.prometheus_labels or {}))


DEFAULT_SOURCES = GuardrailSources()


def parse_sources(names: str, prometheus_url: str | None, prometheus_labels: str) -> GuardrailSources:
    """As the options of `assay promote` say them. Raises typer.BadParameter."""
    parsed = tuple(name for name in names.split(",") if name)
    if not set(parsed) <= set(KNOWN) or len(set(parsed)) < len(parsed):
        expected = f"{names!r}: expected some of {', '.join(KNOWN)}, each once"
        raise typer.BadParameter(expected, param_hint="--guardrail-sources")
    if prometheus_url is not None and not prometheus_url.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{prometheus_url!r}: expected http://HOST:PORT", param_hint="--prometheus-url")
    if not parsed and prometheus_url is None:
        text = "no source; guardrails are turned off in gate.yaml, by an empty list of what is watched"
        raise typer.BadParameter(text, param_hint="--guardrail-sources")
    labels = dict(_parse_label(one) for one in prometheus_labels.split(",") if one)
    return GuardrailSources(parsed, prometheus_url, labels)


def _parse_label(text: str) -> tuple[str, str]:
    name, is_given, value = text.partition("=")
    if not is_given or not name.isidentifier():
        raise typer.BadParameter(f"{text!r}: expected such as namespace=shop", param_hint="--prometheus-labels")
    return name, value
