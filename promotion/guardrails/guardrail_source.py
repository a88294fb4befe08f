"""What a rollout's guardrails ask of whatever counts the requests of both revisions.

Every source keeps the promises below, and tests/contract/test_guardrail_source.py holds all of them to the promises.

    LiveMetricsMissing   nothing is known now; the call can be repeated
"""

from typing import Protocol

from promotion.errors import PromotionError
from promotion.guardrails.served_requests import ServedPair


class LiveMetricsMissing(PromotionError):
    """The source cannot be asked, or says nothing that can be used; the call can be repeated."""


class GuardrailSource(Protocol):
    """Counts what both revisions answer at the doors that are split, each request once."""

    @property
    def name(self) -> str:
        """The source in a word, for findings and people: gateway, revisions, prometheus."""

    def read_served(self) -> ServedPair:
        """Counts since who counts was started. Raises LiveMetricsMissing. Can be repeated.

        A revision that has answered nothing yet has zeros. What happens may be counted a moment later, or, where
        somebody collects it, as late as he does.
        """
