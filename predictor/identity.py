"""Who answers: it stands in every answer, in every metric, and is what a verdict is bound to."""

from dataclasses import dataclass

from bundle import Bundle


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """A deployed bundle, by every name that it has."""

    model: str
    version: str
    revision: str
    bundle_digest: str


def identify(bundle: Bundle, *, model: str | None, revision: str | None) -> ModelIdentity:
    """Who answers for `bundle`: under the manifest's name and the digest's first 12 digits, unless others are given."""
    return ModelIdentity(
        model=model or bundle.manifest.model,
        version=str(bundle.manifest.version),
        revision=revision or short_name(bundle.digest),
        bundle_digest=bundle.digest,
    )


def short_name(digest: str) -> str:
    """A bundle's digest as a revision's name: its first 12 digits."""
    return digest.removeprefix("sha256:")[:12]
