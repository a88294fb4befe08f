import pytest

from tests.e2e.installed import Bundles, require_cluster_and_image, train_bundles


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    """Trained once for all tests here; skips where no test could deploy them."""
    require_cluster_and_image()
    return train_bundles(tmp_path_factory.mktemp("bundles"))
