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
        revision=revision or short_digest(bundle.digest),
        bundle_digest=bundle.digest,
    )


def short_digest(digest: str) -> str:
    """The first 12 digits of `sha256:<64 hex digits>`: what a revision is called that nobody has given a name."""
    return digest.removeprefix("sha256:")[:12]
