"""The edge of the gate's policy: gate.yaml, checked and named by key, and the digest that binds a verdict to it.

    format: 1
    margin: 0.02
    class_margin: 0.05
    required_classes: [Shirt, Coat]

Every key may be left out; what it then means stands in policy.py.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Literal, Self

import orjson
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bundle.manifest import content_digest
from promotion.errors import PromotionError
from promotion.gate.policy import GatePolicy

_DEFAULTS = GatePolicy()


class GateConfigurationError(PromotionError):
    """The gate's configuration cannot be read; the message names the file, the key and what is expected."""


class GateConfiguration(BaseModel):
    """gate.yaml; each description is what an error says that it expected."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    format: Literal[1] = Field(1, description="1")
    margin: float = Field(_DEFAULTS.margin, gt=0, le=0.5, description="a share above 0, at most 0.5")
    class_margin: float = Field(_DEFAULTS.class_margin, gt=0, le=0.5, description="a share above 0, at most 0.5")
    alpha: float = Field(_DEFAULTS.alpha, gt=0, lt=0.5, description="a share above 0, below 0.5")
    power: float = Field(_DEFAULTS.power, ge=0.5, lt=1, description="a share of at least 0.5, below 1")
    minimum_accuracy: float | None = Field(
        _DEFAULTS.minimum_accuracy, gt=0, lt=1, description="a share above 0, below 1, or null"
    )
    required_classes: tuple[str, ...] = Field(_DEFAULTS.required_classes, description="a list of class labels")
    classes_are_judged: bool = Field(_DEFAULTS.classes_are_judged, description="true or false")

    @model_validator(mode="after")
    def _required_classes_are_judged(self) -> Self:
        if self.required_classes and not self.classes_are_judged:
            raise ValueError("required_classes are named, but classes_are_judged is false; expected one of the two")
        return self

    def to_policy(self) -> GatePolicy:
        """The policy that this configuration asks for."""
        return GatePolicy(**self.model_dump(exclude={"format"}))


def read_gate_configuration(path: Path | None) -> GatePolicy:
    """The policy in a gate.yaml, or the default policy where no path is given. Can be repeated.

    Raises GateConfigurationError for a file that is missing or not YAML, an unknown key, and a value out of its range.
    """
    if path is None:
        return GatePolicy()
    content = _read_yaml(path)
    if not isinstance(content, dict):
        raise GateConfigurationError(f"{path}: found {content!r}, expected keys with values, such as `margin: 0.02`")
    try:
        return GateConfiguration.model_validate(content).to_policy()
    except ValidationError as error:
        raise GateConfigurationError(f"{path}: {_explain(error)}") from error


def policy_digest(policy: GatePolicy) -> str:
    """`sha256:<64 hex digits>` of the policy as JSON with sorted keys: equal policies, equal digests."""
    return content_digest(orjson.dumps(asdict(policy), option=orjson.OPT_SORT_KEYS))


def _read_yaml(path: Path) -> object:
    try:
        content: object = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise GateConfigurationError(f"{path} cannot be read: {error.strerror}; expected a gate.yaml") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise GateConfigurationError(f"{path}, line {line}: {error.problem}; expected YAML") from error
    except (yaml.YAMLError, ValueError) as error:  # bytes that are no text; a date that is on no calendar
        raise GateConfigurationError(f"{path}: {str(error).splitlines()[0]}; expected YAML") from error
    return {} if content is None else content


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    if not first["loc"]:
        return first["msg"].removeprefix("Value error, ")
    key = str(first["loc"][0])
    field = GateConfiguration.model_fields.get(key)
    if field is None:
        return f"{key}: unknown key, expected one of {', '.join(GateConfiguration.model_fields)}"
    return f"{key}: found {first['input']!r}, expected {field.description}"
