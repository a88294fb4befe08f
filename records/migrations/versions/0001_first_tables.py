"""The first tables. On PostgreSQL, predictions of a month without a table go to predictions_default."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "datasets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="as a person calls it: digits"),
        sa.Column("output_feature", sa.String(), nullable=False, comment="what the column of labels is called"),
        sa.Column("feature_names", _JSON, nullable=False, comment="the columns of features, in order"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="when its first part was loaded"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_datasets")),
        sa.UniqueConstraint("name", name=op.f("uq_datasets_name")),
        comment="labelled rows of the same columns, in parts",
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.Integer(), nullable=False, comment="the integer that names it everywhere"),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False, comment="waiting, running, finished, failed or cancelled"),
        sa.Column("parameters", _JSON, nullable=False, comment="as params.yaml gives them"),
        sa.Column(
            "training_data", _JSON, nullable=False, comment="name, digest and rows of each part that it learned from"
        ),
        sa.Column("holdout", _JSON, nullable=True, comment="name, digest and rows of what it was measured on"),
        sa.Column("metrics", _JSON, nullable=True, comment="on the holdout; none before it has finished"),
        sa.Column("commit", sa.String(), nullable=False, comment="of the code that trained, or unknown"),
        sa.Column("mlflow_run_id", sa.String(), nullable=True, comment="where it is tracked by MLflow, too"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'finished', 'failed', 'cancelled')", name=op.f("ck_experiments_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
        comment="one training run each",
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False, comment="of the prediction"),
        sa.Column("row", sa.Integer(), nullable=False, comment="of the prediction's request, from 0"),
        sa.Column("label", sa.String(), nullable=False, comment="the true one; of a regression, the number"),
        sa.Column("source", sa.String(), nullable=False, comment="who says so"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("request_id", "row", name=op.f("uq_feedback_request_id_row")),
        comment="true labels of predictions",
    )
    op.create_table(
        "predictions",
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False, comment="when the answer was handed over"),
        sa.Column("key", sa.String(), nullable=False, comment="names the inference: recorded twice, it is kept once"),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False, comment="within the request, from 0"),
        sa.Column("request_id", sa.String(), nullable=False, comment="X-Request-Id, as in the answer"),
        sa.Column("client_request_id", sa.String(), nullable=True, comment="V2's own id, where the request had one"),
        sa.Column("client", sa.String(), nullable=True, comment="who asked, where the predictor knows it"),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False, comment="who answered, by name"),
        sa.Column("bundle_digest", sa.String(), nullable=False, comment="and by content"),
        sa.Column("transport", sa.String(), nullable=False, comment="rest or grpc"),
        sa.Column("door", sa.String(), nullable=False, comment="the route that was asked"),
        sa.Column("seconds", sa.Double(), nullable=False, comment="from the request's first byte to its answer"),
        sa.Column("rows", sa.Integer(), nullable=False, comment="how many rows the request had"),
        sa.Column(
            "is_cut", sa.Boolean(), nullable=False, comment="whether fewer of them are here, because it was too large"
        ),
        sa.Column("label", sa.String(), nullable=True, comment="of a classification"),
        sa.Column("label_index", sa.Integer(), nullable=True, comment="of that label among the model's classes"),
        sa.Column("probability", sa.Double(), nullable=True, comment="of that label"),
        sa.Column("value", sa.Double(), nullable=True, comment="of a regression"),
        sa.Column(
            "inputs",
            sa.LargeBinary(),
            nullable=False,
            comment="the input tensors' elements, one tensor behind the other",
        ),
        sa.Column(
            "inputs_form", _JSON, nullable=False, comment="name, datatype, shape and bytes of each of these tensors"
        ),
        sa.Column("outputs", sa.LargeBinary(), nullable=False, comment="the output tensors' elements"),
        sa.Column("outputs_form", _JSON, nullable=False, comment="name, datatype, shape and bytes of each of these"),
        sa.PrimaryKeyConstraint("answered_at", "key", "row", name=op.f("pk_predictions")),
        comment="one row of one inference each, as it was answered",
        postgresql_partition_by="RANGE (answered_at)",
    )
    op.create_index(op.f("ix_predictions_request_id"), "predictions", ["request_id"])

    op.create_table(
        "rollouts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False, comment="where, as in deployments"),
        sa.Column("number", sa.Integer(), nullable=False, comment="the id that it has there"),
        sa.Column("stable_digest", sa.String(), nullable=False, comment="the bundle that served when it began"),
        sa.Column("canary_digest", sa.String(), nullable=False, comment="the bundle that was to serve"),
        sa.Column("holdout_digest", sa.String(), nullable=False, comment="of the rows that both were asked"),
        sa.Column("policy_digest", sa.String(), nullable=False, comment="of the gate's rules"),
        sa.Column("state", sa.String(), nullable=False, comment="what it is about to do, or promoted or restored"),
        sa.Column("outcome", sa.String(), nullable=True, comment="how it ended: PROMOTE, REJECT, INCONCLUSIVE, ERROR"),
        sa.Column("because", sa.String(), nullable=False, comment="why it went back; empty otherwise"),
        sa.Column("code", sa.String(), nullable=True, comment="the same for a program, where the verdict is not why"),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollouts")),
        comment="one attempt each to move traffic to a canary",
    )
    op.create_index(op.f("ix_rollouts_canary_digest"), "rollouts", ["canary_digest"])

    op.create_table(
        "bundles",
        sa.Column("digest", sa.String(), nullable=False, comment="sha256:…, of everything in it"),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False, comment="counts the bundles of a model"),
        sa.Column("task", sa.String(), nullable=False, comment="classification, regression or inference"),
        sa.Column(
            "experiment_id",
            sa.Integer(),
            nullable=True,
            comment="the run that made it; none for a model from elsewhere",
        ),
        sa.Column("manifest", _JSON, nullable=False, comment="the bundle's manifest.json"),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name=op.f("fk_bundles_experiment_id_experiments")
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_bundles")),
        comment="what was trained and can be served, by digest",
    )
    op.create_index(op.f("ix_bundles_experiment_id"), "bundles", ["experiment_id"])

    op.create_table(
        "dataset_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False, comment="within the data set: part-1, holdout"),
        sa.Column("role", sa.String(), nullable=False, comment="training, or holdout, which no training may see"),
        sa.Column(
            "digest", sa.String(), nullable=False, comment="sha256:…, of columns, rows and labels in their order"
        ),
        sa.Column("rows", sa.Integer(), nullable=False, comment="how many samples it has"),
        sa.Column(
            "feature_dtype", sa.String(), nullable=False, comment="of the numbers in samples.features: u1, <f4 or <f8"
        ),
        sa.Column(
            "categories",
            _JSON,
            nullable=False,
            comment="by feature that is no number, the texts that its numbers count from 0",
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('training', 'holdout')", name=op.f("ck_dataset_parts_role")),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], name=op.f("fk_dataset_parts_dataset_id_datasets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_parts")),
        sa.UniqueConstraint("dataset_id", "digest", name=op.f("uq_dataset_parts_dataset_id_digest")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_dataset_parts_dataset_id_name")),
        comment="rows that were added together; never rewritten",
    )
    op.create_index(op.f("ix_dataset_parts_digest"), "dataset_parts", ["digest"])

    op.create_table(
        "rollout_steps",
        sa.Column("rollout_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False, comment="from 1"),
        sa.Column("asked_percent", sa.Integer(), nullable=False, comment="the canary's share"),
        sa.Column("stable_requests", sa.Integer(), nullable=False, comment="that the gateway counted"),
        sa.Column("canary_requests", sa.Integer(), nullable=False),
        sa.Column("failed_requests", sa.Integer(), nullable=False, comment="of both"),
        sa.Column(
            "split_p_value",
            sa.Double(),
            nullable=False,
            comment="how likely a share so far from the asked one is by chance",
        ),
        sa.Column("seconds", sa.Double(), nullable=False, comment="how long it was observed"),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollouts.id"], name=op.f("fk_rollout_steps_rollout_id_rollouts")),
        sa.PrimaryKeyConstraint("rollout_id", "number", name=op.f("pk_rollout_steps")),
        comment="the shares of the traffic that a rollout went through",
    )
    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "rollout_id", sa.Integer(), nullable=True, comment="none where `assay gate` judged without moving traffic"
        ),
        sa.Column("verdict", sa.String(), nullable=False, comment="PROMOTE, REJECT, INCONCLUSIVE or ERROR"),
        sa.Column("headline", sa.String(), nullable=False, comment="the first reason"),
        sa.Column("n", sa.Integer(), nullable=False, comment="rows that both revisions answered"),
        sa.Column("b", sa.Integer(), nullable=False, comment="rows that only stable has right"),
        sa.Column("c", sa.Integer(), nullable=False, comment="rows that only the canary has right"),
        sa.Column("margin", sa.Double(), nullable=False, comment="how much worse the canary may be"),
        sa.Column(
            "alpha", sa.Double(), nullable=False, comment="how often it may be let through though it is that much worse"
        ),
        sa.Column("z", sa.Double(), nullable=True, comment="Tango's score statistic of being not worse"),
        sa.Column("lower_bound", sa.Double(), nullable=True, comment="of the difference in accuracy"),
        sa.Column("evidence", _JSON, nullable=False, comment="the whole evidence record"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollouts.id"], name=op.f("fk_verdicts_rollout_id_rollouts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
        comment="the gate's word on a canary, and the evidence",
    )
    op.create_index(op.f("ix_verdicts_rollout_id"), "verdicts", ["rollout_id"])

    op.create_table(
        "deployments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False, comment="where: dev, a namespace, a gateway's address"),
        sa.Column("revision", sa.String(), nullable=False, comment="the name that the bundle is served under"),
        sa.Column("bundle_digest", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False, comment="stable or canary"),
        sa.Column(
            "rollout_id",
            sa.Integer(),
            nullable=True,
            comment="the rollout that it was part of; none for a first revision",
        ),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True, comment="none while it has the role"),
        sa.CheckConstraint("role IN ('stable', 'canary')", name=op.f("ck_deployments_role")),
        sa.ForeignKeyConstraint(
            ["bundle_digest"], ["bundles.digest"], name=op.f("fk_deployments_bundle_digest_bundles")
        ),
        sa.ForeignKeyConstraint(["rollout_id"], ["rollouts.id"], name=op.f("fk_deployments_rollout_id_rollouts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
        comment="which bundle had which role, and when",
    )
    op.create_index(op.f("ix_deployments_bundle_digest"), "deployments", ["bundle_digest"])
    op.create_index(op.f("ix_deployments_rollout_id"), "deployments", ["rollout_id"])

    op.create_table(
        "samples",
        sa.Column("part_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False, comment="its place in the part, from 0"),
        sa.Column("label", sa.String(), nullable=False, comment="the true one"),
        sa.Column(
            "features", sa.LargeBinary(), nullable=False, comment="one number a feature, of the part's feature_dtype"
        ),
        sa.ForeignKeyConstraint(["part_id"], ["dataset_parts.id"], name=op.f("fk_samples_part_id_dataset_parts")),
        sa.PrimaryKeyConstraint("part_id", "row", name=op.f("pk_samples")),
        comment="the rows of the parts",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE predictions_default PARTITION OF predictions DEFAULT")
