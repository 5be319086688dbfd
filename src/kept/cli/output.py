"""How verbs answer: text or stable JSON on standard output, findings on standard error, exit codes as designed."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kept.policy.findings import Exit, Finding, Refused

JSON_VERSION = 1


def answered(verb: Callable[[], object]) -> int:
    """Run a verb; turn what it raises into findings and an exit code, never into a traceback."""
    from cyclopts import CycloptsError

    try:
        code = verb()
    except Refused as refused:
        complain(refused.findings)
        return int(refused.exit_code)
    except CycloptsError as error:
        complain([_usage(error)])
        return int(Exit.COULD_NOT_RUN)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; `kept status` shows what was done, `kept resume` goes on\n")
        return int(Exit.STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.FINE)
    except Exception as error:
        if os.environ.get("KEPT_DEBUG"):
            raise
        complain([_fault(error)])
        return int(Exit.COULD_NOT_RUN)
    return int(code) if isinstance(code, int) else int(Exit.FINE)


def complain(findings: Sequence[Finding]) -> None:
    """Print findings to standard error, with the lines they point at."""
    from kept.policy.render import as_text

    files = {span.file for finding in findings for span in finding.spans}
    lines = {file: _lines(file) for file in files}
    sys.stderr.write(as_text(tuple(findings), lines, next(iter(sorted(files)), "kept")).rstrip() + "\n")


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(text + "\n")


def as_json(kind: str, values: Mapping[str, Any]) -> None:
    """Print one versioned JSON document."""
    document = {f"kept-{kind}": JSON_VERSION, **values}
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
    """Print a table that fits the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(columns):
        made.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(str(cell) for cell in row))
    Console(highlight=False, markup=False).print(made)


def _lines(file: str) -> tuple[str, ...]:
    try:
        return tuple(Path(file).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return ()


def _usage(error: Exception) -> Finding:
    first = str(error).strip().splitlines()
    return Finding(
        code="P001",
        message=first[0][:200] if first else "the command line cannot be read",
        where="command line",
        help="kept VERB --help",
    )


def _fault(error: Exception) -> Finding:
    """A fault of ours: its kind and place in our code, never its text, which may hold a value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "unknown"
    return Finding(
        code="K199",
        message=f"an error of Kept itself ({type(error).__name__} at {place})",
        where="kept",
        help="please report it; KEPT_DEBUG=1 shows the details, which may hold personal values",
    )
