"""What is found in a directory of models, and how a file is added to it."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from bundle import Bundle, BundleError
from predictor.errors import NotFound, RequestRefused
from predictor.models_directory import ModelsDirectory
from tests.predictor.conftest import StartServer
from tests.predictor.foreign_models import one_node


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_models_and_versions_are_directories_with_names_of_their_own(tmp_path: Path, contrary: Bundle) -> None:
    for place in ("a/1", "a/10", "a/9", "b/2", "c/01", "c/x", "_d/1", ".e/1", "f"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "config.pbtxt").touch()
    (tmp_path / "link").symlink_to(contrary.path.parent)
    models = ModelsDirectory(tmp_path)
    assert models.index() == {"a": ["10", "9", "1"], "b": ["2"]}
    assert models.find("a") == ["10", "9", "1"]
    for name in ("c", "f", "link", "..", "a/1", "a\n", str(tmp_path / "a")):
        with pytest.raises(NotFound):
            models.find(name)


def test_a_model_is_called_as_its_directories_are(tmp_path: Path, contrary: Bundle) -> None:
    shutil.copytree(contrary.path, tmp_path / "renamed/7")
    stored = ModelsDirectory(tmp_path).read("renamed", "7")
    assert (stored.identity.model, stored.identity.version) == ("renamed", "7")
    assert (stored.identity.bundle_digest, stored.manifest) == (contrary.digest, contrary.manifest)
    assert stored.identity.revision == contrary.digest[7:19]


def test_a_file_that_is_no_file_of_the_directory_is_not_read(tmp_path: Path, contrary: Bundle) -> None:
    models = ModelsDirectory(tmp_path)
    (tmp_path / "a/1").mkdir(parents=True)
    (tmp_path / "a/1/model.onnx").symlink_to(contrary.path / "model.onnx")
    (tmp_path / "a/2").mkdir()
    for version in ("1", "2"):
        with pytest.raises(BundleError, match=f"^a/{version}/model.onnx is missing or not a regular file$"):
            models.read("a", version)


def test_an_added_file_is_the_next_version(tmp_path: Path) -> None:
    models = ModelsDirectory(tmp_path)
    (tmp_path / "a/7").mkdir(parents=True)
    assert [models.add(name, b"bytes") for name in ("a", "a", "b")] == ["8", "9", "1"]
    assert files(tmp_path) == [
        "a",
        "a/7",
        "a/8",
        "a/8/model.onnx",
        "a/9",
        "a/9/model.onnx",
        "b",
        "b/1",
        "b/1/model.onnx",
    ]
    assert models.read("a", "9").model_bytes == b"bytes"
    assert models.read("a", "9").manifest is None


def test_files_that_are_added_at_once_get_a_version_each(tmp_path: Path) -> None:
    models = [ModelsDirectory(tmp_path) for _ in range(4)]
    with ThreadPoolExecutor() as threads:
        added = [threads.submit(each.add, "a", b"%d" % number) for number, each in enumerate(models * 3)]
    versions = [one.result() for one in added]
    assert sorted(map(int, versions)) == list(range(1, 13))
    for number, version in enumerate(versions):
        assert models[0].read("a", version).model_bytes == b"%d" % number


@pytest.mark.parametrize("name", ["..", "../b", "a/b", "", ".a", "a\n", "x" * 64])
def test_a_name_that_is_none_is_refused_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    with pytest.raises(RequestRefused, match="is no model's name; expected "):
        ModelsDirectory(folder).add(name, b"bytes")
    assert files(tmp_path) == ["models"]


def test_nothing_is_added_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "models/a").symlink_to(tmp_path / "outside")
    with pytest.raises(RequestRefused, match="symbolic link"):
        ModelsDirectory(tmp_path / "models").add("a", b"bytes")
    assert files(tmp_path) == ["models", "models/a", "outside"]


def test_a_directory_that_is_not_there_ends_the_start(tmp_path: Path, start_server: StartServer) -> None:
    process = start_server(None, models_dir=tmp_path / "none")
    assert process.process.wait(30) == 1
    expected = f"{tmp_path}/none: no such directory; expected one with <name>/<version>/model.onnx in it\n"
    assert process.log.read_text() == expected


def test_a_file_that_cannot_be_served_leaves_nothing_behind(tmp_path: Path, start_server: StartServer) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    served = start_server(None, models_dir=folder, model_control=True, model_limit_bytes=2000).wait_until_ready()
    with served.client() as client:
        response = client.post("/api/v1/register?name=a", content=b"no model")
        assert (response.status_code, response.json()["error"].startswith("the file is not kept: ")) == (400, True)
        for content in (b"x" * 2001, iter([b"x" * 1500] * 2)):
            assert client.post("/api/v1/register?name=a", content=content).status_code == 413
        assert client.post("/api/v1/register", content=b"x").status_code == 400
        assert client.get("/v2/health/ready").status_code == 503
    assert files(folder) == []


def test_a_file_that_was_registered_is_the_next_version_and_answers_once_it_is_loaded(
    tmp_path: Path, start_server: StartServer, fast_path: bool
) -> None:
    place = tmp_path / "models/sign/4"
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(one_node("Neg", TensorProto.FLOAT, ["N", 2]))  # by itself, as Triton has it
    folder = tmp_path / "models"
    served = start_server(None, models_dir=folder, model_control=True, fast_path=fast_path).wait_until_ready()
    with served.client() as client:

        def ask(version: str = "") -> tuple[str, list[float]]:
            tensor = {"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [2, -3]}
            answer = client.post(f"/v2/models/sign{version}/infer", json={"inputs": [tensor]}).json()
            return answer["model_version"], answer["outputs"][0]["data"]

        assert ask() == ("4", [-2, 3])
        registered = client.post("/api/v1/register?name=sign", content=one_node("Abs", TensorProto.FLOAT, ["N", 2]))
        assert (registered.status_code, registered.json()["version"]) == (200, "5")
        assert ask() == ("4", [-2, 3]), "to load it is a request of its own"
        assert client.post("/api/v1/load?name=sign").json()["versions"] == ["5", "4"]
        assert ask() == ("5", [2, 3])
        assert ask("/versions/4") == ("4", [-2, 3])


@pytest.mark.parametrize("location", ["{folder}/secret", "../secret", "secret"])
def test_data_outside_of_a_registered_file_is_not_read(
    tmp_path: Path, start_server: StartServer, location: str
) -> None:
    (tmp_path / "secret").write_bytes(np.ones(2, np.float32).tobytes())
    model = onnx.load_from_string(one_node("Neg", TensorProto.FLOAT, ["N", 2]))
    outside = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location.format(folder=tmp_path)), ("offset", "0"), ("length", "8")):
        outside.external_data.add(key=key, value=value)
    model.graph.initializer.append(outside)
    model.graph.node[0].op_type = "Add"
    model.graph.node[0].input.append("w")
    folder = tmp_path / "models"
    folder.mkdir()
    served = start_server(None, models_dir=folder, model_control=True).wait_until_ready()
    with served.client() as client:
        response = client.post("/api/v1/register?name=a", content=model.SerializeToString())
        assert (response.status_code, response.json()["error"].startswith("the file is not kept: ")) == (400, True)
    assert files(folder) == []
