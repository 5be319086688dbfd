"""Run the rings of `make test` and say plainly which did not run. Usage: python -m tests.rings test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

RINGS = (
    ("unit and property", ["tests/unit", "tests/property"], None),
    ("integration, acceptance and the oracle", ["tests/integration", "tests/acceptance", "tests/oracle"], None),
    ("browser", ["tests/browser"], "chromium"),
    ("crash, 10 moments per database", ["tests/crash"], None),
)
"""Ring, its folders, and the program without which it does not run."""
NO_TESTS = 5


def main() -> int:
    """Run every ring; the exit code is the first failure's."""
    os.environ.setdefault("KEPT_CRASHES", "10")
    notes, failed = [], 0
    for name, folders, program in RINGS:
        present = [folder for folder in folders if any(Path(folder).glob("**/test_*.py"))]
        if program and shutil.which(program) is None:
            notes.append(f"NOT RUN: {name} ({program} is not installed)")
            continue
        if not present:
            notes.append(f"NOT RUN: {name} (no test yet)")
            continue
        print(f"\n== {name}", flush=True)  # noqa: T201
        code = subprocess.run([sys.executable, "-m", "pytest", "-q", *_jobs(), *present], check=False).returncode
        failed = failed or (code if code != NO_TESTS else 1)
    if shutil.which("mariadbd") is None:
        notes.append("NOT RUN: every test on MariaDB (mariadbd is not installed)")
    if not os.environ.get("KEPT_REGISTER"):
        notes.append("NOT RUN: comparison with the register of promises (KEPT_REGISTER is unset)")
    print("\n" + "\n".join(notes or ["every ring ran"]), flush=True)  # noqa: T201
    return failed


def _jobs() -> list[str]:
    """Two workers on two cores; more would only share them."""
    return ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]


if __name__ == "__main__":
    raise SystemExit(main())
