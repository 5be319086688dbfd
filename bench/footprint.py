"""How large the base install is: Kept and what it needs, in a fresh virtual environment, from the pinned list."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from importlib.metadata import Distribution, distributions
from pathlib import Path

from bench.harness import Options, Row, report

ROOT = Path(__file__).resolve().parents[1]
_INSTALLER = frozenset({"pip", "setuptools", "wheel"})


def run(options: Options) -> None:
    """Install, weigh, count."""
    with tempfile.TemporaryDirectory(prefix="kept-bench-venv-") as name:
        folder = Path(name)
        _installed(folder)
        found = {each.name.lower(): _weight(each) for each in distributions(path=_site(folder))}
    parts = {each: megabytes for each, megabytes in found.items() if each not in _INSTALLER}
    whole = sum(parts.values())
    dear = sorted(parts.items(), key=lambda part: -part[1])[:8]
    rows = [
        _row("installed files, compiled modules included", f"{whole:.0f} MB", "≤ 120 MB", met=whole <= 120),
        _row("packages, Kept included", str(len(parts)), "≤ 50", met=len(parts) <= 50),
    ]
    heavy = ", ".join(f"{each} {megabytes:.1f}" for each, megabytes in dear)
    report("footprint", options, rows, [f"heaviest (MB): {heavy}"], parts)


def _installed(folder: Path) -> None:
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "run.txt")], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", str(ROOT)], check=True)


def _site(folder: Path) -> list[str]:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [str(folder / "lib" / version / "site-packages")]


def _weight(package: Distribution) -> float:
    """MB of a package's own files."""
    files = (Path(str(package.locate_file(file))) for file in package.files or ())
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def _row(what: str, ours: str, target: str, *, met: bool) -> Row:
    return Row(what=what, ours=ours, floor="–", ratio="–", target=target, met=met)
