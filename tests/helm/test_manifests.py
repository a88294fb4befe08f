"""`make manifests`, and k8s/values.yaml, which people copy: filled in it renders, and as it stands it is refused."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.helm.manifests import EXAMPLE, make_manifests

FILLED_IN = re.sub('"sha256:[A-Z-]+"', f'"sha256:{"1" * 64}"', EXAMPLE.read_text())
WITH_ALL = re.sub("^#(?=[a-z])", "", FILLED_IN, flags=re.MULTILINE)


@pytest.mark.parametrize(("values", "jobs"), [(FILLED_IN, 0), (WITH_ALL, 1)], ids=["stable", "canary"])
def test_the_example_filled_in_renders(tmp_path: Path, values: str, jobs: int) -> None:
    (tmp_path / "mine.yaml").write_text(values)
    made = make_manifests(tmp_path, "VALUES=mine.yaml", "NAMESPACE=serving")
    assert made.code == 0, made.stderr
    objects = [one for one in yaml.safe_load_all(made.manifests.read_text()) if one is not None]
    assert {one["metadata"]["namespace"] for one in objects} == {"serving"}
    assert len([one for one in objects if one["kind"] == "Job"]) == jobs


def test_the_example_as_it_stands_is_refused_and_leaves_no_manifests(tmp_path: Path) -> None:
    made = make_manifests(tmp_path, "VALUES=k8s/values.yaml")
    assert made.code != 0
    assert "stable/bundle/digest" in made.stderr.replace(".", "/")
    assert not made.manifests.exists()


@pytest.mark.parametrize(("given", "found"), [((), "missing"), (("VALUES=nowhere.yaml",), "nowhere.yaml")])
def test_without_a_file_of_values_it_says_where_one_is(tmp_path: Path, given: tuple[str, ...], found: str) -> None:
    made = make_manifests(tmp_path, *given)
    assert made.code != 0
    assert f"make: VALUES is {found}, expected a file of values: copy k8s/values.yaml" in made.stderr


def test_without_helm_it_says_how_to_get_it(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "make"):
        (tools / tool).symlink_to(str(shutil.which(tool)))
    made = make_manifests(tmp_path, "VALUES=k8s/values.yaml", f"SHELL={tools / 'bash'}", path=str(tools))
    assert made.code != 0
    assert "make: helm is missing: helm.sh/docs/intro/install" in made.stderr
