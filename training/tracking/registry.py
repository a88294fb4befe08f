"""The registry: each bundle of an experiment is a version of its model, and two of them have a rollout's roles."""

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from training.errors import ExperimentNotFound
from training.tracking.client import explained
from training.tracking.experiment import Alias
from training.tracking.run_tags import DIGEST_TAG, ID_TAG


class ModelRegistry:
    """Registered models, by our model's name. Every call raises TrackingNotUsable where the registry is away."""

    def __init__(self, client: MlflowClient, url: str) -> None:
        self._client = client
        self._url = url

    def register(self, model: str, source: str, run_id: str, experiment_id: int, bundle_digest: str) -> int:
        """The version that is new. Not to be repeated: each call makes one."""
        with explained(self._url):
            try:
                self._client.create_registered_model(model)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            tags = {DIGEST_TAG: bundle_digest, ID_TAG: str(experiment_id)}
            return int(self._client.create_model_version(model, source, run_id, tags).version)

    def set_alias(self, alias: Alias, bundle_digest: str) -> str | None:
        """Call the version with this bundle `stable` or `canary`, and no other of its model any more. Can be repeated.

        The model's name, or None where no version has this bundle: it was trained without tracking, or elsewhere.
        """
        with explained(self._url):
            version = self._find_version(bundle_digest)
            if version is None:
                return None
            self._client.set_registered_model_alias(version.name, alias, version.version)
            return str(version.name)

    def remove_alias(self, alias: Alias, bundle_digest: str) -> None:
        """Call the version with this bundle `alias` no more; another version keeps it. Can be repeated."""
        with explained(self._url):
            version = self._find_version(bundle_digest)
            if (
                version is not None
                and self._client.get_registered_model(version.name).aliases.get(alias) == version.version
            ):
                self._client.delete_registered_model_alias(version.name, alias)

    def read_aliases(self, model: str) -> dict[str, str]:
        """By alias, the digest of the bundle that has it. Raises ExperimentNotFound for a model that is not there."""
        with explained(self._url):
            try:
                registered = self._client.get_registered_model(model)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    raise ExperimentNotFound(f"{self._url}: no model {model} is registered") from error
                raise
            return {
                alias: str(self._client.get_model_version(model, version).tags.get(DIGEST_TAG, ""))
                for alias, version in sorted(registered.aliases.items())
            }

    def _find_version(self, bundle_digest: str) -> ModelVersion | None:
        found = self._client.search_model_versions(f"tags.`{DIGEST_TAG}` = '{bundle_digest}'")
        return max(found, key=lambda version: int(version.version), default=None)
