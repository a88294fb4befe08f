import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def _helm() -> None:
    if shutil.which("helm") is None:
        pytest.skip("helm is not on the PATH: helm.sh/docs/intro/install")
