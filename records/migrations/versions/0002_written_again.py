"""What is written again after a crash is kept once: rollouts, deployments and verdicts have what tells them apart.

A verdict on a regression has no b and c. A deployment may be of a bundle that nobody recorded.
"""

import hashlib

import orjson
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_VERDICTS = sa.table("verdicts", sa.column("id"), sa.column("evidence", _JSON), sa.column("evidence_digest"))


def upgrade() -> None:
    """Add the keys. SQLite makes a table anew for it; to `rollouts` others refer, so that its key is an index."""
    op.create_index("uq_rollouts_environment", "rollouts", ["environment", "number", "began_at"], unique=True)
    with op.batch_alter_table("deployments") as table:
        table.drop_constraint(op.f("fk_deployments_bundle_digest_bundles"), type_="foreignkey")
        table.alter_column(
            "bundle_digest",
            existing_type=sa.String(),
            existing_nullable=False,
            comment="which may be one that `bundles` does not know",
        )
        table.alter_column(
            "environment",
            existing_type=sa.String(),
            existing_nullable=False,
            comment="where: NAMESPACE/RELEASE, or MACHINE:DIR of a gateway",
        )
        table.create_unique_constraint(
            op.f("uq_deployments_environment_role_deployed_at"), ["environment", "role", "deployed_at"]
        )
    comment = "sha256:…, of it: written twice, it is kept once"
    op.add_column("verdicts", sa.Column("evidence_digest", sa.String(), comment=comment))
    _fill_digests()
    with op.batch_alter_table("verdicts") as table:
        for name, who in (("b", "stable"), ("c", "the canary")):
            meaning = f"rows that only {who} has right; none for a regression"
            table.alter_column(name, existing_type=sa.Integer(), nullable=True, comment=meaning)
        table.alter_column("evidence_digest", existing_type=sa.String(), nullable=False, existing_comment=comment)
        table.create_unique_constraint(op.f("uq_verdicts_evidence_digest"), ["evidence_digest"])


def _fill_digests() -> None:
    """As records/rollouts.py makes them; where two rows say the same, each keeps one of its own."""
    known: set[str] = set()
    for row in op.get_bind().execute(sa.select(_VERDICTS.c.id, _VERDICTS.c.evidence)).all():
        digest = hashlib.sha256(orjson.dumps(row.evidence, option=orjson.OPT_SORT_KEYS)).hexdigest()
        if digest in known:
            digest = f"{digest}-{row.id}"
        known.add(digest)
        filled = sa.update(_VERDICTS).where(_VERDICTS.c.id == row.id).values(evidence_digest=f"sha256:{digest}")
        op.get_bind().execute(filled)
