"""The edge of the gate's policy: gate.yaml, checked and named by key, and the digest that binds a verdict to it.

    format: 1
    margin: 0.02
    class_margin: 0.05
    required_classes: [Shirt, Coat]

    slices:
      intensity: bucket(mean(*), 4)
      shop: labels("shops.txt")
    required_slices: [shop]

    guardrails:
      error_margin: 0.02
    live_labels:
      required: true

Every key may be left out; what it then means is said by `profile` (profiles.py), or stands in policy.py. The path of a
file of labels counts from the folder of gate.yaml.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bundle.manifest import content_digest
from bundle.one_line import one_line
from bundle.yaml_document import YamlMalformed, read_yaml
from promotion.errors import PromotionError
from promotion.gate.policy import GatePolicy, Guardrail, GuardrailPolicy, LiveLabelPolicy, SliceDefinition
from promotion.gate.profiles import PROFILES
from promotion.gate.slice_expression import LabelsFile, SliceExpressionError, parse_slice
from promotion.gate.slices import labels_digest, read_labels

_DEFAULTS = GatePolicy()
_LIVE = GuardrailPolicy()
_LABELS = LiveLabelPolicy()
_SINCE_THE_BEGINNING = frozenset(
    {"margin", "class_margin", "alpha", "power", "minimum_accuracy", "required_classes", "classes_are_judged"}
)


class GateConfigurationError(PromotionError):
    """The gate's configuration cannot be read; the message names the file, the key and what is expected."""


class GuardrailConfiguration(BaseModel):
    """The guardrails in gate.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    watched: tuple[Guardrail, ...] = Field(
        _LIVE.watched, description="a list of errors, p50, p95 and p99; an empty one turns the guardrails off"
    )
    error_margin: float = Field(_LIVE.error_margin, gt=0, lt=1, description="a share above 0, below 1")
    latency_ratio: float = Field(_LIVE.latency_ratio, ge=1, le=100, description="a number of 1 to 100")
    latency_margin_seconds: float = Field(_LIVE.latency_margin_seconds, ge=0, le=60, description="seconds from 0 to 60")
    minimum_requests: int = Field(_LIVE.minimum_requests, ge=1, le=10**6, description="a number of at least 1")
    alpha: float = Field(_LIVE.alpha, gt=0, lt=0.5, description="a share above 0, below 0.5")
    errors_are_shown: bool = Field(_LIVE.errors_are_shown, description="true or false")

    @model_validator(mode="after")
    def _errors_that_are_shown_are_watched(self) -> Self:
        if len(set(self.watched)) < len(self.watched):
            raise ValueError("guardrails: watched names one twice; expected each once")
        if self.errors_are_shown and Guardrail.ERRORS not in self.watched:
            raise ValueError("guardrails: errors_are_shown, but watched leaves out errors; expected one of the two")
        return self


class LiveLabelConfiguration(BaseModel):
    """Labels of live answers in gate.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    required: bool = Field(_LABELS.required, description="true or false")
    lag_seconds: float = Field(_LABELS.lag_seconds, ge=0, le=10**7, description="seconds from 0 to 10000000")
    minimum_rows: int = Field(_LABELS.minimum_rows, ge=1, le=10**6, description="a number of at least 1")
    alpha: float = Field(_LABELS.alpha, gt=0, lt=0.5, description="a share above 0, below 0.5")


class GateConfiguration(BaseModel):
    """gate.yaml; each description is what an error says that it expected."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    format: Literal[1] = Field(1, description="1")
    profile: Literal["strict", "default", "exploratory"] = Field(
        "default", description="strict, default or exploratory"
    )
    margin: float = Field(_DEFAULTS.margin, gt=0, le=0.5, description="a share above 0, at most 0.5")
    class_margin: float = Field(_DEFAULTS.class_margin, gt=0, le=0.5, description="a share above 0, at most 0.5")
    alpha: float = Field(_DEFAULTS.alpha, gt=0, lt=0.5, description="a share above 0, below 0.5")
    power: float = Field(_DEFAULTS.power, ge=0.5, lt=1, description="a share of at least 0.5, below 1")
    minimum_accuracy: float | None = Field(
        _DEFAULTS.minimum_accuracy, gt=0, lt=1, description="a share above 0, below 1, or null"
    )
    required_classes: tuple[str, ...] = Field(_DEFAULTS.required_classes, description="a list of class labels")
    classes_are_judged: bool = Field(_DEFAULTS.classes_are_judged, description="true or false")
    slices: dict[str, str] = Field({}, description="names with expressions, such as `intensity: bucket(mean(*), 4)`")
    required_slices: tuple[str, ...] = Field(_DEFAULTS.required_slices, description="a list of slices")
    harm_goes_first: bool = Field(_DEFAULTS.harm_goes_first, description="true or false")
    growth_margin: float = Field(_DEFAULTS.growth_margin, gt=0, lt=1, description="a share above 0, below 1")
    slice_growth_margin: float = Field(
        _DEFAULTS.slice_growth_margin, gt=0, lt=1, description="a share above 0, below 1"
    )
    looks: int = Field(_DEFAULTS.looks, ge=1, le=20, description="a number of 1 to 20")
    guardrails: GuardrailConfiguration = Field(
        GuardrailConfiguration(), description="keys with values, such as `error_margin: 0.02`"
    )
    live_labels: LiveLabelConfiguration = Field(
        LiveLabelConfiguration(), description="keys with values, such as `required: true`"
    )

    @field_validator("slices", mode="after")
    @classmethod
    def _slices_can_be_parsed(cls, slices: dict[str, str]) -> dict[str, str]:
        for name, text in slices.items():
            try:
                parse_slice(text)
            except SliceExpressionError as error:
                raise ValueError(f"slices, {name}: {text!r}, {error}") from error
        return slices

    @model_validator(mode="after")
    def _required_classes_are_judged(self) -> Self:
        if self.required_classes and not self.classes_are_judged:
            raise ValueError("required_classes are named, but classes_are_judged is false; expected one of the two")
        return self

    @model_validator(mode="after")
    def _required_slices_are_defined(self) -> Self:
        undefined = [name for name in self.required_slices if name not in self.slices]
        if undefined:
            raise ValueError(f"required_slices: found {undefined[0]!r}, expected a name of `slices`")
        return self

    def to_policy(self, folder: Path) -> GatePolicy:
        """The policy that this configuration asks for; paths count from `folder`. Raises SliceNotUsable."""
        profile = PROFILES[self.profile]
        settings = self.model_dump(exclude={"format", "profile", "slices", *_PARTS}, exclude_unset=True)
        slices = tuple(_slice_definition(name, text, folder) for name, text in self.slices.items())
        guardrails = replace(profile.guardrails, **self.guardrails.model_dump(exclude_unset=True))
        labels = replace(profile.live_labels, **self.live_labels.model_dump(exclude_unset=True))
        return replace(profile, **settings, slices=slices, guardrails=guardrails, live_labels=labels)


_PARTS: Mapping[str, type[BaseModel]] = {"guardrails": GuardrailConfiguration, "live_labels": LiveLabelConfiguration}


def _slice_definition(name: str, text: str, folder: Path) -> SliceDefinition:
    expression = parse_slice(text)
    if not isinstance(expression, LabelsFile):
        return SliceDefinition(name, text)
    path = folder / expression.path
    content, _ = read_labels(path)
    return SliceDefinition(name, text, labels_path=str(path), labels_digest=labels_digest(content))


def read_gate_configuration(path: Path | None) -> GatePolicy:
    """The policy in a gate.yaml, or the default policy where no path is given. Can be repeated.

    Raises GateConfigurationError for a file that is missing or not YAML, an unknown key, and a value out of its range;
    SliceNotUsable for a file of labels that cannot be read.
    """
    if path is None:
        return GatePolicy()
    content = _read_yaml(path)
    if not isinstance(content, dict):
        raise GateConfigurationError(
            f"{path}: found {one_line(repr(content))}, expected keys with values, such as `margin: 0.02`"
        )
    try:
        return GateConfiguration.model_validate(content).to_policy(path.parent)
    except ValidationError as error:
        raise GateConfigurationError(f"{path}: {_explain(error)}") from error


def with_settings(policy: GatePolicy, **settings: float | None) -> GatePolicy:
    """`policy` with other numbers, by their keys in gate.yaml; None leaves one as it is.

    Raises GateConfigurationError for a value out of its range.
    """
    changed: dict[str, Any] = {key: value for key, value in settings.items() if value is not None}
    try:
        GateConfiguration.model_validate(changed)
    except ValidationError as error:
        raise GateConfigurationError(_explain(error)) from error
    return replace(policy, **changed)


def policy_digest(policy: GatePolicy) -> str:
    """`sha256:<64 hex digits>` of the policy as JSON with sorted keys: equal policies, equal digests.

    A setting that later versions added takes part once it departs from what was the rule before it, so that a record,
    and a rollout that is under way, stay bound to the same configuration across versions.
    """
    settings: Mapping[str, Any] = asdict(policy)
    defaults = asdict(_DEFAULTS)
    content = {key: value for key, value in settings.items() if key in _SINCE_THE_BEGINNING or value != defaults[key]}
    for one in content.get("slices", ()):
        del one["labels_path"]
    return content_digest(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


def _read_yaml(path: Path) -> object:
    try:
        content = read_yaml(path.read_bytes())
    except OSError as error:
        raise GateConfigurationError(f"{path} cannot be read: {error.strerror}; expected a gate.yaml") from error
    except YamlMalformed as error:
        where = f", line {error.line}" if error.line else ""
        raise GateConfigurationError(f"{path}{where}: {error.problem}; expected YAML") from error
    return {} if content is None else content


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    if first["type"] == "value_error":
        return one_line(first["msg"].removeprefix("Value error, "))
    names = [str(part) for part in first["loc"]]
    part = _PARTS.get(names[0]) if len(names) > 1 else None
    fields, key = (GateConfiguration.model_fields, names[0]) if part is None else (part.model_fields, names[1])
    where = f"{names[0]}, {key}" if part is not None else key
    if key not in fields:
        return f"{one_line(where)}: unknown key, expected one of {', '.join(fields)}"
    return f"{where}: found {one_line(repr(first['input']))}, expected {fields[key].description}"
