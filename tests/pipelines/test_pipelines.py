"""Jenkins' and GitHub's pipelines: of the right form, without a secret, and made of targets that a desk has, too."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tree_sitter_groovy
import yaml
from tree_sitter import Language, Node, Parser

from tests.assay.program import train

REPOSITORY = Path(__file__).parents[2]
WORKFLOWS = sorted((REPOSITORY / ".github" / "workflows").glob("*.yaml"))
JENKINSFILE = REPOSITORY / "Jenkinsfile"
STAGES = [
    "Lint",
    "Test",
    "Train",
    "Image",
    "Smoke test",
    "Gate",
    "Push",
    "Deploy to test",
    "Approve production",
    "Promote in production",
]
MAKE = re.compile(r"make ([a-z-]+)( [A-Z_]+=('[^']*'|\S+))*")


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("github-workflows", WORKFLOWS), ("compose-spec", [REPOSITORY / "compose.yaml"])],
    ids=["workflows", "compose"],
)
def test_a_file_has_the_form_that_its_reader_expects(schema: str, paths: list[Path]) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_jenkinsfile_is_groovy_with_all_stages_in_order() -> None:
    root = parse_jenkinsfile()
    assert not root.has_error, [node.text for node in nodes(root) if node.type == "ERROR" or node.is_missing]
    assert [strings(node)[0] for node in calls(root, "stage")] == STAGES


def test_jenkins_asks_a_person_before_production_and_before_that_the_gate() -> None:
    text = JENKINSFILE.read_text()
    moments = [text.index(what) for what in ("make non-regression", "CONTEXT=test", "input message", "CONTEXT=prod'\n")]
    assert moments[:3] == sorted(moments[:3])
    assert text.rindex("make deliver CONTEXT=prod") > moments[2]


def test_credentials_are_named_and_never_written() -> None:
    text = JENKINSFILE.read_text()
    assert set(re.findall(r"credentialsId: '([^']+)'", text)) == {
        "assay-registry",
        "assay-test-kubeconfig",
        "assay-prod-kubeconfig",
    }
    for path in (JENKINSFILE, *WORKFLOWS):
        for secret in re.findall(r"(?i)(?:password|token|kubeconfig): *(\S.*)", path.read_text()):
            assert secret.startswith(("${{ secrets.", '"${{ secrets.')), (path.name, secret)


@pytest.mark.parametrize("path", [JENKINSFILE, *WORKFLOWS], ids=lambda path: path.name)
def test_every_line_that_a_pipeline_runs_is_a_target_of_the_makefile(path: Path) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for line in shell_lines(path):
        made = MAKE.fullmatch(line)
        assert made is not None, f"{line!r} is no `make TARGET NAME=value`"
        assert made[1] in targets, line


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_ends_by_itself_and_says_what_it_may(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert "permissions" in workflow
    for name, job in workflow["jobs"].items():
        assert "uses" in job or job["timeout-minutes"] <= 75, name


def test_each_environment_is_delivered_to_after_the_one_before() -> None:
    jobs = yaml.safe_load((REPOSITORY / ".github/workflows/deliver.yaml").read_text())["jobs"]
    order = [(job["needs"], job["with"]["environment"]) for job in jobs.values() if "needs" in job]
    assert order == [("candidate", "dev"), ("dev", "test"), ("test", "prod")]


@pytest.mark.slow
def test_a_candidate_is_trained_and_judged_against_what_serves(tmp_path: Path) -> None:
    """`make candidate non-regression`, the second also where there is nothing to compare with yet."""
    current = train(tmp_path, "digits:part-1")["bundle"]
    made = make("candidate", "TRAIN=digits:part-1 digits:part-2")
    assert made.returncode == 0, made.stderr
    candidate = REPOSITORY / "build/candidate/manifest.json"
    assert candidate.is_file()
    first = make("non-regression", f"CURRENT={tmp_path / 'none'}")
    assert (first.returncode, "this is the first bundle" in first.stdout) == (0, True), first.stderr
    judged = make("non-regression", f"CURRENT={current}")
    assert (judged.returncode, judged.stdout.startswith("PROMOTE: ")) == (0, True), judged.stdout + judged.stderr
    worse = make("non-regression", "CURRENT=build/candidate", f"CANDIDATE={current}")
    assert worse.stdout.startswith("REJECT: "), worse.stdout + worse.stderr
    assert worse.returncode != 0


@pytest.mark.slow
def test_chart_and_wheel_are_packed() -> None:
    if shutil.which("helm") is None:
        pytest.skip("helm is not on the PATH: helm.sh/docs/intro/install")
    done = make("chart", "package")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list((REPOSITORY / "build/chart").glob("assay-*.tgz"))
    assert list((REPOSITORY / "build/dist").glob("assay-*.whl"))


def test_a_password_goes_to_docker_by_a_pipe(tmp_path: Path) -> None:
    """There is no registry here: what stands for docker says how it was called."""
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\necho "docker $*"\n[ "$1" != login ] || echo "read $(cat)"\n')
    docker.chmod(0o755)
    secrets = {"REGISTRY_USER": "ann", "REGISTRY_PASSWORD": "of ann", "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = make("push", "REPOSITORY=registry.example.com/team/assay", "IMAGE_TAG=v1.2.3", **secrets)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "docker login registry.example.com --username ann --password-stdin",
        "read of ann",
        "docker push registry.example.com/team/assay:1.2.3",
        "docker push registry.example.com/team/assay-full:1.2.3",
    ]


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "--silent", *arguments]
    return subprocess.run(
        command, cwd=REPOSITORY, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=280
    )


def shell_lines(path: Path) -> list[str]:
    if path == JENKINSFILE:
        return [text for node in calls(parse_jenkinsfile(), "sh") for text in strings(node)]
    jobs = yaml.safe_load(path.read_text())["jobs"].values()
    return [step["run"] for job in jobs for step in job.get("steps", ()) if "run" in step]


def parse_jenkinsfile() -> Node:
    return Parser(Language(tree_sitter_groovy.language())).parse(JENKINSFILE.read_bytes()).root_node


def nodes(root: Node) -> Iterator[Node]:
    yield root
    for child in root.children:
        yield from nodes(child)


def calls(root: Node, name: str) -> Iterator[Node]:
    """What is called `name`, such as sh '…' or stage('…') { … }."""
    for node in nodes(root):
        called = node.child_by_field_name("name")
        if called is not None and called.text == name.encode():
            yield node


def strings(call: Node) -> list[str]:
    """The texts that a call is given, without those in its block."""
    given = next((child for child in call.children if child.type == "argument_list"), None)
    texts = [child.text for child in given.children] if given is not None else []
    return [text.decode().strip("'\"") for text in texts if text is not None and text[:1] in {b"'", b'"'}]
