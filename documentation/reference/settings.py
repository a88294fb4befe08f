"""Settings: every variable of the environment that the programs read."""

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from access.settings import PREFIX as ACCESS_PREFIX
from access.settings import CallerSettings
from console.settings import PREFIX as CONSOLE_PREFIX
from console.settings import ConsoleSettings
from documentation.markdown import GENERATED, code, said, table
from documentation.value_words import describe_value
from predictor.settings import PredictorSettings, TracingSettings
from records.settings import PREFIX as DATABASE_PREFIX
from records.settings import DatabaseSettings
from training.settings import TrainingSettings

_INTRODUCTION = """# Settings
Options win over variables of the environment, those over the same in a file `.env` in the working directory, those over
defaults. A variable that begins as a predictor's or a console's do and is none of these is an error that names the
nearest one. In the chart the predictor's are [`predictor.settings`](../../helm/assay/README.md#predictor).
"""
SETTINGS: tuple[tuple[type[BaseModel], str, str], ...] = (
    (PredictorSettings, "ASSAY_", "## A predictor\n`assay serve` ([Serving](../serving.md)).\n"),
    (
        CallerSettings,
        ACCESS_PREFIX,
        "## What a program shows to the servers that it asks\n"
        "`assay gate`, `promote`, `store`, `demo`, the console "
        "([Security](../security.md#programs-of-ours-as-callers)).\n",
    ),
    (TracingSettings, "OTEL_", "## A predictor's traces\nOpenTelemetry's own ([Traces](../serving.md#traces)).\n"),
    (
        DatabaseSettings,
        DATABASE_PREFIX,
        "## The database of records\nWhatever keeps records ([Data model](../data-model.md#which-database)).\n",
    ),
    (TrainingSettings, "", "## A training\n`assay train`, `assay experiments` ([Training](../training.md)).\n"),
    (ConsoleSettings, CONSOLE_PREFIX, "## The console\n`assay console` ([The console](../console.md)).\n"),
)


def page() -> str:
    """A table for each program."""
    parts = [_INTRODUCTION]
    for kind, prefix, heading in SETTINGS:
        parts.append(f"{heading}\n{table(('variable', 'value', 'default', 'what'), _rows(kind, prefix))}")
    return GENERATED + "\n".join(parts)


def _rows(kind: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in kind.model_fields.items():
        variable = field.alias or f"{prefix}{name}".upper()
        text = said(field.description, f"the setting {variable} ({kind.__module__})")
        yield code(variable), _value(kind, name), code(_default(field)), text


def _value(kind: type[BaseModel], name: str) -> str:
    """What a variable takes; that it can be left out, its default says."""
    schema = kind.model_json_schema()["properties"][kind.model_fields[name].alias or name]
    return describe_value(schema).removesuffix(" or none")


def _default(field: FieldInfo) -> str:
    default = field.default
    if default is None or default == "":
        return ""
    if isinstance(default, Path | str | SecretStr):
        return str(default)
    return json.dumps(default)
