"""The database of records: data sets, experiments, bundles, deployments, predictions, feedback, rollouts, verdicts.

A leaf: whoever has something to record hands it over as plain values, and nobody else knows SQLAlchemy. PostgreSQL is
for many programs at once, SQLite, a file, for one machine.

    settings.py             the database's URL and the roles' passwords, from the environment or from files
    database.py             a URL becomes an engine; errors become one line
    models/                 the tables, each column with its meaning
    migrations/             how a database gets them, one after the other (Alembic)
    schema.py               brings a database to the newest of these, and says which one it is at
    draft_migration.py           drafts the next one from the models
    secret_files.py         passwords and URLs of a new database, as files
    roles.py                who may do what, on PostgreSQL
    months.py               predictions of a month in a table of their own, on PostgreSQL; what is too old is let go
    prediction_writer.py    predictions, in batches, each once
    prediction_search.py    predictions found again, a page at a time
    answers.py              what two bundles answered, for whoever compares them
    feedback.py             true labels of predictions
    labelled_inputs.py      what was asked where the truth is known, for the next training
    dataset_writer.py       the rows of a data set, each part once
    dataset_parts.py        which parts are there
    experiments.py          training runs, from waiting to finished
    bundles.py              bundles, with their manifests
    deployments.py          which bundle has which role, and when
    rollouts.py             rollouts with their steps and verdicts, written as they go on
    named_queries.py        the questions of queries/*.sql
    data_model_page.py      the picture and the tables of docs/data-model.md

This module imports nothing, so that its settings are known where SQLAlchemy is not installed.
"""
