"""Whether both revisions say the same to the requests that both answered, as a shadow has them do; pure."""

from dataclasses import dataclass

from promotion.recorded.answers import AnswersOfBoth

SETTLE_SECONDS = 2.0
"""How long the other revision's answer may take before it counts as missing."""


@dataclass(frozen=True, slots=True)
class ShadowAgreement:
    """What a shadow has shown so far. It decides nothing: of two that differ either may be right."""

    requests: int = 0
    """That both answered."""
    rows: int = 0
    """Of those requests."""
    agreed: int = 0
    """Rows to which both say the same."""
    without_canary: int = 0
    """Requests that stable answered, and the canary did not, or not yet with success."""

    @property
    def agreed_share(self) -> float | None:
        """Of 1; None where nothing was compared."""
        return self.agreed / self.rows if self.rows else None


def find_agreement(answers: AnswersOfBoth, since: float, now: float) -> ShadowAgreement:
    """The agreement on what stable answered `since` then (seconds since the epoch)."""
    requests = rows = agreed = without = 0
    for answer in answers.stable.values():
        if answer.at < since:
            continue
        canary = answers.canary.get(answer.request_id)
        if canary is None:
            without += answer.at <= now - SETTLE_SECONDS
            continue
        requests += 1
        rows += min(len(answer.labels), len(canary.labels))
        agreed += sum(one == other for one, other in zip(answer.labels, canary.labels, strict=False))
    return ShadowAgreement(requests, rows, agreed, without)


def describe_agreement(agreement: ShadowAgreement) -> str:
    """A line for a person."""
    share = f"{agreement.agreed_share:.1%}" if agreement.agreed_share is not None else "none"
    missing = f"; {agreement.without_canary} without the canary's answer" if agreement.without_canary else ""
    return (
        f"both answered {agreement.requests} mirrored requests, the same to {share} of {agreement.rows} rows{missing}"
    )
