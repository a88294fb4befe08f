"""Runs a command of `assay` in the tests' own process: for what takes seconds to load, such as MLflow."""

from collections.abc import Mapping

from typer.testing import CliRunner

from assay.cli import create_program
from assay.explained_errors import EXPLAINED
from tests.assay.program import Finished


def assay_here(*arguments: object, environment: Mapping[str, str] | None = None) -> Finished:
    """As tests.assay.program's `assay`, with an error that is explained as its last line."""
    words = [str(one) for one in arguments]
    plain = {"COLUMNS": "160", "NO_COLOR": "1", "TERM": "dumb"}
    done = CliRunner().invoke(create_program(words), words, env={**plain, **(environment or {})})
    if isinstance(done.exception, EXPLAINED):
        return Finished(1, done.stdout, f"{done.stderr}assay: {done.exception}\n")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Finished(done.exit_code, done.stdout, done.stderr)
