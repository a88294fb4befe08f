"""Where the figures come from: they are worth nothing without it."""

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

_OURS = ("assay", "onnxruntime", "numpy", "uvicorn", "uvloop", "httptools", "orjson", "grpcio")


def describe_machine() -> dict[str, str]:
    """The processor, its cores, what else they had to do, the kernel, Python, and our own dependencies."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "load before": f"{os.getloadavg()[0]:.1f}",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _OURS},
    }


def version_of(package: str, python: Path) -> str:
    """The version of `package` in the environment of `python`."""
    if python == Path(sys.executable):
        return version(package)
    script = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"
    return subprocess.run([python, "-c", script, package], capture_output=True, text=True, check=True).stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
