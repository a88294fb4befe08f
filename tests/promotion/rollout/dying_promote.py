"""`assay promote` that is killed: `python -m tests.promotion.rollout.dying_promote CALL WHEN OPTION...`.

It is the program itself, but for the store and the router that assay/wiring.py chooses: around these stands death.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast
from unittest import mock

from assay.cli import main
from promotion.rollout.file_store import FileRolloutStore
from promotion.routers.envoy import EnvoyRouter
from tests.promotion.rollout.dying import Death, DyingRouter, DyingStore, When


class DyingEnvoyRouter(DyingRouter):
    """Says also who has which role, as the wiring asks."""

    def read_revisions(self) -> object:
        return cast("EnvoyRouter", self.router).read_revisions()


def promote(call: int, when: When, options: Sequence[str]) -> None:
    death = Death(call, when)

    def make_store(directory: Path) -> DyingStore:
        return DyingStore(FileRolloutStore(directory), death)

    def make_router(directory: Path) -> DyingEnvoyRouter:
        return DyingEnvoyRouter(EnvoyRouter(directory), death)

    with (
        mock.patch("assay.wiring.FileRolloutStore", make_store),
        mock.patch("assay.wiring.EnvoyRouter", make_router),
        mock.patch("sys.argv", ["assay", "promote", *options]),
    ):
        main()


if __name__ == "__main__":
    promote(int(sys.argv[1]), "before" if sys.argv[2] == "before" else "after", sys.argv[3:])
