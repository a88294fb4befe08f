"""Runs `assay` with the arguments given, and prints the most memory that it has held, in bytes."""

import re
from pathlib import Path

from assay.cli import main

try:
    main()
finally:
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(int(peak[1]) * 1024 if peak else "unknown")
