"""A written bundle, one for each test that may damage it."""

from pathlib import Path

import pytest

from bundle import Bundle, write_bundle
from tests.bundle.sample import MODEL_BYTES, manifest


@pytest.fixture
def written(tmp_path: Path) -> Bundle:
    bundle = write_bundle(tmp_path / "bundles", manifest(), MODEL_BYTES)
    for file in bundle.path.iterdir():
        file.chmod(0o644)
    return bundle
