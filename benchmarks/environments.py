"""A virtual environment for each peer, because no two of them agree on their dependencies.

Made by uv from requirements/<peer>.txt, which has a hash for every file; made anew when that has changed.
"""

import os
import shutil
import subprocess
from pathlib import Path

from benchmarks.errors import NotInstalled
from benchmarks.peers import Peer, own_python

_REQUIREMENTS = Path(__file__).parent / "requirements"


def install(directory: Path, peer: Peer) -> Path:
    """The interpreter of `peer`, whose environment is made below `directory` where it is missing.

    Raises NotInstalled with the installer's last line.
    """
    if peer.is_ours:
        return own_python()
    requirements = _REQUIREMENTS / f"{peer.name}.txt"
    environment = directory / peer.name
    python, stamp = environment / "bin" / "python", environment / "installed.txt"
    wanted = requirements.read_text(encoding="utf-8")
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        uv = _find_uv()
        shutil.rmtree(environment, ignore_errors=True)
        _run([uv, "venv", "--quiet", "--python", peer.python, str(environment)])
        _run([uv, "pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(requirements)])
        stamp.write_text(wanted, encoding="utf-8")
    return python


def _find_uv() -> str:
    search = os.pathsep.join((str(own_python().parent), os.defpath))
    found = shutil.which("uv", path=search)
    if found is None:
        raise NotInstalled("uv is missing; make bench installs it with the extra dev")
    return found


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise NotInstalled(lines[-1].strip())
