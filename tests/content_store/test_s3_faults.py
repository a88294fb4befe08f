"""A bucket's faults by their names: what passes is waited for, what does not is said, and no message has a secret."""

import subprocess
import sys
from pathlib import Path

import pytest

from bundle import read_bundle
from bundle.manifest import MANIFEST_NAME, MODEL_NAME
from content_store.errors import AddressNotUsable, ContentNotFound, StoreRefused, StoreUnreachable
from dataset import read_csv_table
from tests.content_store.conftest import UseS3
from tests.content_store.other_server import Answer, other_server
from tests.content_store.s3_server import BUCKET, FOLDER, SECRET, S3Server, s3_error
from tests.content_store.samples import OTHER_DIGEST, csv_of, files_of, make_bundle, make_rows
from tests.content_store.store_process import DEADLINE_SECONDS
from tests.content_store.test_fetch import fetch

ROWS = make_rows()


def test_what_is_not_there_yet_is_waited_for(stored: S3Server, tmp_path: Path) -> None:
    late = make_bundle(tmp_path / "bundles", version=7)
    files = files_of(late)
    told: list[str] = []

    def upload_one_more(line: str) -> None:
        told.append(line.partition("; trying again for")[0])
        name = sorted(files)[0]
        stored.put(f"digits/7/{name}", files.pop(name))

    folder = f"s3://{BUCKET}/digits/7"
    fetch(folder, late.digest, tmp_path / "to", timeout_seconds=DEADLINE_SECONDS, report=upload_one_more)
    assert told == [f"{folder}/{name}: 404 NoSuchKey" for name in (MANIFEST_NAME, MODEL_NAME)]
    assert read_bundle(tmp_path / "to").digest == late.digest
    with pytest.raises(ContentNotFound, match=r"s3://elsewhere/digits/manifest\.json: 404 NoSuchBucket"):
        fetch("s3://elsewhere/digits", late.digest, tmp_path / "other")


def test_faults_that_pass_are_waited_for(use: UseS3, tmp_path: Path) -> None:
    content = csv_of(ROWS, tmp_path)
    answers = [
        s3_error(503, "SlowDown", "Please reduce your request rate."),
        s3_error(500, "InternalError"),
        Answer(b"<html>busy</html>", 502),
        s3_error(429, "TooManyRequests"),
        Answer(content[:50], headers={"content-length": str(len(content))}),
        Answer(content),
    ]
    told: list[str] = []
    source = f"s3://{BUCKET}/rows.csv"
    with other_server(lambda _method, _path: answers.pop(0)) as url:
        use(url)
        fetch(source, ROWS.digest, tmp_path / "to.csv", timeout_seconds=DEADLINE_SECONDS, report=told.append)
    reasons = [line.removeprefix(f"{source}: ").partition("; trying again for")[0] for line in told]
    assert reasons == [
        "503 SlowDown",
        "500 InternalError",
        "502 without a code of S3",
        "429 TooManyRequests",
        "no answer: ClientPayloadError",
    ]
    assert read_csv_table(tmp_path / "to.csv").digest == ROWS.digest


def test_an_endpoint_that_is_down_is_asked_again(use: UseS3, tmp_path: Path) -> None:
    use("http://127.0.0.1:1")
    told: list[str] = []
    with pytest.raises(
        StoreUnreachable, match=f"{FOLDER}/manifest.json: no answer: Cannot connect to host 127.0.0.1:1"
    ):
        fetch(FOLDER, OTHER_DIGEST, tmp_path / "to", timeout_seconds=3, report=told.append)
    assert len(told) == 1


def test_a_key_that_the_server_does_not_know_is_refused(use: UseS3, tmp_path: Path) -> None:
    with S3Server(tmp_path / "log", is_strict=True) as server:
        use(server.url)
        with pytest.raises(StoreRefused, match=f"^{FOLDER}/manifest.json: 403 InvalidAccessKeyId$"):
            fetch(FOLDER, OTHER_DIGEST, tmp_path / "to", timeout_seconds=60)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (s3_error(403, "AccessDenied", f"{SECRET} is not it"), "403 AccessDenied"),
        (s3_error(400, "ExpiredToken", SECRET), "400 ExpiredToken"),
        (s3_error(403, f"of {SECRET}"), "403 without a code of S3"),
        (Answer(f"<html>{SECRET}</html>".encode(), 403), "403 without a code of S3"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_is_not_asked_again_and_repeats_no_secret(
    answer: Answer, shown: str, use: UseS3, tmp_path: Path
) -> None:
    asked: list[str] = []

    def refuse(_method: str, path: str) -> Answer:
        asked.append(path)
        return answer

    with other_server(refuse) as url:
        use(url)
        with pytest.raises(StoreRefused) as caught:
            fetch(FOLDER, OTHER_DIGEST, tmp_path / "to", timeout_seconds=60)
    assert str(caught.value) == f"{FOLDER}/manifest.json: {shown}"
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AWS_SECRET_ACCESS_KEY": ""}, "no credentials; expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "no credentials; expected AWS_ACCESS_KEY_ID"),
        ({"AWS_SESSION_TOKEN": f"{SECRET}\n"}, r"cannot be asked for \(ValueError\); expected a URL"),
        ({"AWS_ENDPOINT_URL": SECRET}, r"cannot be asked for \(ValueError\); expected a URL in AWS_ENDPOINT_URL"),
        ({"AWS_DEFAULT_REGION": SECRET}, r"cannot be asked for \(InvalidRegionError\); expected a URL"),
    ],
)
def test_credentials_that_cannot_be_used_are_explained_without_them(
    variables: dict[str, str], message: str, stored: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StoreRefused, match=message) as caught:
        fetch(FOLDER, OTHER_DIGEST, tmp_path / "to", timeout_seconds=60)
    assert SECRET not in str(caught.value)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "content_store.s3_client", raising=False)
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(AddressNotUsable, match=r"needs s3fs, which is not installed; pip install 'assay\[s3\]'"):
        fetch(FOLDER, OTHER_DIGEST, tmp_path / "to", timeout_seconds=60)


def test_other_fetches_do_not_load_it() -> None:
    program = "import sys, content_store.fetch; print({'s3fs', 'fsspec', 'botocore', 'aiohttp'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
