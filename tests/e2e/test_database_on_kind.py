"""The chart's own PostgreSQL: started, given tables and roles, recorded into by predictors, and asked from outside."""

from pathlib import Path

import httpx
import pytest

from assay.cluster.forwarding import forwarded
from tests.assay.program import assay
from tests.e2e.installed import Bundles, Installed, installed
from tests.promotion.kubernetes.place import GATEWAY_URL, wait_until
from training.digits import load_digits_parts

COMPLETE = ("--for=condition=Complete", "--timeout=180s")
pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(600)]


def test_what_predictors_answer_is_recorded_in_the_bundled_database_also_while_that_is_away(
    bundles: Bundles, tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets"
    assert assay("db", "secrets", secrets, "--host", "assay-database").code == 0
    more = {
        "database": {"secretName": "records", "bundled": {"enabled": True}},
        "predictor": {"recording": {"enabled": True, "sink": "database"}},
    }
    with installed(bundles, more, secrets) as place:
        place.kubectl("wait", "job", "--selector=app.kubernetes.io/component=database-setup", *COMPLETE)
        asked = {_ask(place) for _ in range(20)}
        place.kubectl("rollout", "restart", "statefulset/assay-database")
        asked |= {_ask(place) for _ in range(20)}
        place.kubectl("rollout", "status", "statefulset/assay-database", "--timeout=180s")
        with forwarded(place.release, "service/assay-database", 5432) as address:
            password = (secrets / "analyst-password").read_text()
            url = f"postgresql://assay_analyst:{password}@{address.removeprefix('http://')}/records"
            wait_until(lambda: asked <= _recorded(url), lambda: f"of {asked} are recorded {_recorded(url)}", 120)


def _ask(place: Installed) -> str:
    """The request's id, which the gateway gives."""
    body = {"row": load_digits_parts()["holdout"].features[0].tolist()}
    headers = {"host": place.hostname}
    answer = httpx.post(f"{GATEWAY_URL}/classify", json=body, headers=headers, timeout=30, trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["x-request-id"])


def _recorded(url: str) -> set[str]:
    """The requests that the database knows."""
    done = assay("db", "query", "slowest-predictions", "limit=1000", "--json", environment={"ASSAY_DATABASE_URL": url})
    assert done.code == 0, done.stderr
    answer = done.json()
    return {row[answer["columns"].index("request_id")] for row in answer["rows"]}
