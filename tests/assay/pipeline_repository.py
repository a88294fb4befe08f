"""The project's own pipeline in a repository of a test's own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

TOP = Path(__file__).parents[2]
STAGES = ("extract_data", "train_model", "inference_model")


class Repository:
    """A git repository with the project's dvc.yaml and params.yaml."""

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self._environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "true",
            "GIT_AUTHOR_NAME": "a",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@b",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "COLUMNS": "200",
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            **(environment or {}),
        }
        for name in ("dvc.yaml", "params.yaml", ".dvcignore", ".gitignore", ".dvc/config", ".dvc/.gitignore"):
            (directory / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(TOP / name, directory / name)
        self.run("git", "init", "--quiet")

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.directory, env=self._environment, capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def repro(self) -> tuple[str, ...]:
        """The stages that ran."""
        said = self.run("dvc", "repro")
        return tuple(stage for stage in STAGES if f"Running stage '{stage}'" in said)

    def set(self, **fields: object) -> None:
        path = self.directory / "params.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **fields}, sort_keys=False))

    def commit(self) -> None:
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", "as it is")

    def digest(self) -> str:
        (bundle,) = (self.directory / "build/bundle").iterdir()
        return f"sha256:{bundle.name}"
