"""Attempts to move traffic, step by step, and what the gate said."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from records.models.base import Base


class Rollout(Base):
    """One attempt to move traffic from stable to canary."""

    __tablename__ = "rollouts"
    __table_args__ = (
        Index("uq_rollouts_environment", "environment", "number", "began_at", unique=True),
        {"comment": "one attempt each to move traffic to a canary"},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    environment: Mapped[str] = mapped_column(comment="where, as in deployments")
    number: Mapped[int] = mapped_column(comment="the id that it has there")
    stable_digest: Mapped[str] = mapped_column(comment="the bundle that served when it began")
    canary_digest: Mapped[str] = mapped_column(index=True, comment="the bundle that was to serve")
    holdout_digest: Mapped[str] = mapped_column(comment="of the rows that both were asked")
    policy_digest: Mapped[str] = mapped_column(comment="of the gate's rules")
    state: Mapped[str] = mapped_column(comment="what it is about to do, or promoted or restored")
    outcome: Mapped[str | None] = mapped_column(comment="how it ended: PROMOTE, REJECT, INCONCLUSIVE, ERROR")
    because: Mapped[str] = mapped_column(comment="why it went back; empty otherwise")
    code: Mapped[str | None] = mapped_column(comment="the same for a program, where the verdict is not why")
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RolloutStep(Base):
    """A share of the traffic that was asked for, and what came of it."""

    __tablename__ = "rollout_steps"
    __table_args__ = {"comment": "the shares of the traffic that a rollout went through"}  # noqa: RUF012

    rollout_id: Mapped[int] = mapped_column(ForeignKey("rollouts.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="from 1")
    asked_percent: Mapped[int] = mapped_column(comment="the canary's share")
    stable_requests: Mapped[int] = mapped_column(comment="that the gateway counted")
    canary_requests: Mapped[int]
    failed_requests: Mapped[int] = mapped_column(comment="of both")
    split_p_value: Mapped[float] = mapped_column(comment="how likely a share so far from the asked one is by chance")
    seconds: Mapped[float] = mapped_column(comment="how long it was observed")
    observed_at: Mapped[datetime]


class Verdict(Base):
    """The gate's word, with what it rests on."""

    __tablename__ = "verdicts"
    __table_args__ = {"comment": "the gate's word on a canary, and the evidence"}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    rollout_id: Mapped[int | None] = mapped_column(
        ForeignKey("rollouts.id"), index=True, comment="none where `assay gate` judged without moving traffic"
    )
    verdict: Mapped[str] = mapped_column(comment="PROMOTE, REJECT, INCONCLUSIVE or ERROR")
    headline: Mapped[str] = mapped_column(comment="the first reason")
    n: Mapped[int] = mapped_column(comment="rows that both revisions answered")
    b: Mapped[int | None] = mapped_column(comment="rows that only stable has right; none for a regression")
    c: Mapped[int | None] = mapped_column(comment="rows that only the canary has right; none for a regression")
    margin: Mapped[float] = mapped_column(comment="how much worse the canary may be")
    alpha: Mapped[float] = mapped_column(comment="how often it may be let through though it is that much worse")
    z: Mapped[float | None] = mapped_column(comment="Tango's score statistic of being not worse")
    lower_bound: Mapped[float | None] = mapped_column(comment="of the difference in accuracy")
    evidence: Mapped[dict[str, Any]] = mapped_column(comment="the whole evidence record")
    evidence_digest: Mapped[str] = mapped_column(unique=True, comment="sha256:…, of it: written twice, it is kept once")
    decided_at: Mapped[datetime]
