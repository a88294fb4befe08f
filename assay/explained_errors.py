"""Errors that a person can act on: one line on stderr and an exit code, never a traceback."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from access.errors import AccessError
from assay.cluster.errors import ClusterError
from assay.demo.errors import DemoFailed
from assay.output import print_json, say
from assay.processes import ProcessFailed
from bundle import BundleError
from console.errors import ConsoleError
from content_store.errors import ContentStoreError
from dataset import DatasetError
from predictor.errors import PredictorError
from promotion.errors import PromotionError
from promotion.gate.outcome import Outcome
from records.errors import RecordsError
from training.errors import TrainingError

EXPLAINED = (
    AccessError,
    BundleError,
    ClusterError,
    ConsoleError,
    ContentStoreError,
    DatasetError,
    DemoFailed,
    PredictorError,
    ProcessFailed,
    PromotionError,
    RecordsError,
    TrainingError,
)


@contextmanager
def ending_with_an_error_verdict(is_json: bool) -> Iterator[None]:
    """What cannot be judged ends with the verdict ERROR and its exit code, so that no script takes it for another."""
    try:
        yield
    except EXPLAINED as error:
        say(f"ERROR: {error}", logging.ERROR)
        if is_json:
            print_json({"verdict": str(Outcome.ERROR), "headline": str(error)})
        raise typer.Exit(Outcome.ERROR.exit_code) from error
