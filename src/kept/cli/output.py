"""How verbs answer: text or stable JSON on standard output, findings on standard error, exit codes as designed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from kept.policy.findings import Exit, Finding, Refused

JSON_VERSION = 1
_LEAST = 20
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})


def answered(verb: Callable[[], object], words: Sequence[str] = ()) -> int:
    """Run a verb; turn what it raises into findings and an exit code, never into a traceback.

    `words` are those of the command line: they may be personal, so none is repeated.
    """
    from cyclopts import CycloptsError

    try:
        code = verb()
    except Refused as refused:
        complain(refused.findings)
        return int(refused.exit_code)
    except CycloptsError as error:
        complain([_usage(error, words)])
        return int(Exit.COULD_NOT_RUN)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; `kept status` shows what was done, `kept resume` goes on\n")
        return int(Exit.STOPPED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.FINE)
    except Exception as error:
        if isinstance(error, OSError) and (error.filename or error.errno in _NO_ROOM):
            complain([_no_file(error)])
            return int(Exit.COULD_NOT_RUN)
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


def columns(rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), indent: int = 2) -> None:
    """Print rows in columns with no frame; the last column is wrapped under itself to the terminal's width."""
    if not rows:
        return
    *wide, _ = (max(map(len, column), default=0) for column in zip(*rows, strict=True))
    start = indent + sum(width + 2 for width in wide)
    room = max(_LEAST, shutil.get_terminal_size((80, 24)).columns - start)
    for *cells, last in rows:
        aligned = [f"{c:>{w}}" if n in right else f"{c:<{w}}" for n, (c, w) in enumerate(zip(cells, wide, strict=True))]
        told, *more = wrap(last, room, break_long_words=False, break_on_hyphens=False) or [""]
        say((" " * indent + "  ".join((*aligned, told))).rstrip())
        for line in more:
            say(" " * start + line)


def _lines(file: str) -> tuple[str, ...]:
    try:
        return tuple(Path(file).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return ()


def no_verb(word: str, verbs: Sequence[str]) -> int:
    """Say that a command line begins with no verb."""
    from kept.policy.words import nearest

    close = nearest(word, verbs)
    hint = f"did you mean `kept {close}`? " if close else ""
    message = "the verb comes first" if word.startswith("-") else "there is no such verb"
    complain([_misused(message, f"{hint}verbs: {', '.join(verbs)}; see kept --help")])
    return int(Exit.COULD_NOT_RUN)


def _usage(error: Exception, words: Sequence[str]) -> Finding:
    first = error.args[0] if error.args else str(error)
    lines = str(first or error).strip().splitlines()
    verb = words[0] if words else "VERB"
    if type(error).__name__ == "UnusedCliTokensError":
        return _misused("there is a word too many", f"kept {verb} --help")
    return _misused(_impersonal(lines[0], words)[:200] if lines else "it cannot be read", f"kept {verb} --help")


def _misused(message: str, help: str) -> Finding:  # noqa: A002 - the field's name
    return Finding(code="P001", message=message, where="command line", help=help)


def _impersonal(text: str, words: Sequence[str]) -> str:
    """A message of the command line's reader without the values that were typed."""
    values = {value for word in words[1:] for value in (word, word.partition("=")[2]) if value}
    for value in sorted(values, key=len, reverse=True):
        if value.startswith("-"):
            text = text.replace(value, value.partition("=")[0] if value.startswith("--") else value[:2])
        else:
            text = text.replace(f' "{value}"', "").replace(f"'{value}'", "it")
    return text


def _no_file(error: OSError) -> Finding:
    """A path somebody named that cannot be opened, or a disk that takes no more."""
    reason = (error.strerror or "not a usable path").lower()
    return Finding(
        code="P001",
        message=f"a file cannot be read or written: {reason}",
        where=str(error.filename or "the disk"),
        help="name another path, or give this account the right to read and write there",
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
