"""params.yaml: every choice of a training, validated before anything runs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bundle.manifest import NAME_PATTERN, content_digest
from bundle.one_line import explain_first
from bundle.yaml_document import YamlMalformed, read_yaml
from training.errors import ParametersNotUsable

IMPORT_PATH_PATTERN = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$"


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelParameters(_Parameters):
    """What the model is called, and which of its bundles this is."""

    name: str = Field(default="classifier", pattern=NAME_PATTERN)
    version: int = Field(default=1, ge=1)
    title: str = "Classifier"
    description: str = ""


class ExperimentParameters(_Parameters):
    """Which training run this is; whoever numbers experiments gives the id."""

    name: str = "default"
    id: int = Field(default=1, ge=1)


class DatasetParameters(_Parameters):
    """The data, as `--data` and `--holdout` take them, and their description: else a built-in data set's own."""

    training: tuple[str, ...] = Field(default=("digits",), min_length=1)
    holdout: str = "digits:holdout"
    title: str | None = None
    link: str | None = None


class StepParameters(_Parameters):
    """A scikit-learn class by its import path, and the arguments that it is made with."""

    import_path: str = Field(alias="class", pattern=IMPORT_PATH_PATTERN)
    arguments: dict[str, Any] = Field(default_factory=dict)


class ParityParameters(_Parameters):
    """How close ONNX Runtime's probabilities must be to scikit-learn's; values from 1 on, as a share of themselves."""

    tolerance: float = Field(default=1e-4, gt=0, lt=1)


class TrainingParameters(_Parameters):
    """All of params.yaml; what is left out takes the value shown in the repository's own params.yaml."""

    seed: int = Field(default=0, ge=0, le=2**32 - 1)
    task: Literal["classification", "regression"] = "classification"
    model: ModelParameters = ModelParameters()
    experiment: ExperimentParameters = ExperimentParameters()
    dataset: DatasetParameters = DatasetParameters()
    preprocessing: StepParameters | None = StepParameters.model_validate(
        {"class": "sklearn.preprocessing.MinMaxScaler"}
    )
    estimator: StepParameters = StepParameters.model_validate(
        {
            "class": "sklearn.neural_network.MLPClassifier",
            "arguments": {"hidden_layer_sizes": [128], "batch_size": 32, "max_iter": 40},
        }
    )
    parity: ParityParameters = ParityParameters()

    @model_validator(mode="after")
    def _can_be_named_by_a_digest(self) -> Self:
        try:
            self.digest()
        except TypeError as error:
            raise ValueError(f"{error}; expected values that JSON has") from error
        return self

    def numbered(self, model_version: int | None, experiment_id: int | None) -> "TrainingParameters":
        """These parameters with another version or experiment id, where one is given."""
        return self.model_copy(
            update={
                "model": self.model.model_copy(update={"version": model_version or self.model.version}),
                "experiment": self.experiment.model_copy(update={"id": experiment_id or self.experiment.id}),
            }
        )

    def trained_on(self, training: Sequence[str], holdout: str | None) -> "TrainingParameters":
        """These parameters with other data, where some are given."""
        given = {"training": tuple(training)} if training else {}
        update = {**given, **({"holdout": holdout} if holdout else {})}
        return self.model_copy(update={"dataset": self.dataset.model_copy(update=update)})

    def digest(self) -> str:
        """`sha256:<64 hex digits>` of a canonical form, without where the data are: those have digests of their own."""
        fields = self.model_dump(mode="json", by_alias=True, exclude={"dataset": {"training", "holdout"}})
        return content_digest(orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


def read_parameters(path: Path | None) -> TrainingParameters:
    """The parameters in `path`, or the defaults; ParametersNotUsable names the file, the key and what is expected."""
    if path is None:
        return TrainingParameters()
    try:
        content = read_yaml(path.read_bytes())
    except OSError as error:
        raise ParametersNotUsable(f"{path}: cannot be read: {error.strerror}") from error
    except YamlMalformed as error:
        raise ParametersNotUsable(f"{path}: not YAML: {error}") from error
    try:
        return TrainingParameters.model_validate({} if content is None else content)
    except ValidationError as error:
        raise ParametersNotUsable(f"{path}: {explain_first(error)}") from error
