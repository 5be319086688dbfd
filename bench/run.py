"""Run benches: `python -m bench.run [names…] [--pairs N] [--quick] [--strict]`."""

from __future__ import annotations

import importlib
import sys

from bench.harness import options

NAMES = ("erase", "people", "sweep", "access", "prove", "memory", "start", "footprint")


def main() -> int:
    """Run the named benches, or all of them."""
    read, names = options()
    unknown = sorted(set(names) - set(NAMES))
    if unknown:
        print(f"no such bench: {', '.join(unknown)}; known: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        importlib.import_module(f"bench.{name}").run(read)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
