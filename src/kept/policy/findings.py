"""One finding object for editor, console, API and CI: place, code, message, why (the article), help."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Severity(StrEnum):
    """An error stops; a warning is shown."""

    ERROR = "error"
    WARNING = "warning"


class Exit(IntEnum):
    """Exit codes, the same for every verb (design: surfaces)."""

    FINE = 0
    BROKEN = 1
    COULD_NOT_RUN = 2
    STOPPED = 3
    PENDING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where in a file: 1-based line and column (in code points), and how many code points wide."""

    file: str
    line: int
    column: int
    width: int = 1
    note: str = ""
    """What the carets say, for instance «did you mean `consent`?»."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, where, why in law, and what to do next. Never holds a secret or a personal value."""

    code: str
    message: str
    severity: Severity = Severity.ERROR
    spans: tuple[Span, ...] = ()
    where: str = ""
    """A place that is not in a file: `shop.account_user.email`, a verb, a plan."""
    why: str = ""
    help: str = ""
    fix: str = ""
    """What to write in place of the first span, where one edit repairs it."""


class Refused(Exception):  # noqa: N818 - it is an answer, not a malfunction
    """Kept refuses or cannot run: all findings at once, and the exit code of the verb."""

    def __init__(self, *findings: Finding, exit_code: Exit = Exit.BROKEN) -> None:
        super().__init__("; ".join(f"{f.code} {f.message}" for f in findings))
        self.findings = findings
        self.exit_code = exit_code


def could_not_run(*findings: Finding) -> Refused:
    """Unreadable input, no connection: exit code 2."""
    return Refused(*findings, exit_code=Exit.COULD_NOT_RUN)


def stopped(*findings: Finding) -> Refused:
    """A limit, a hold or a missing approval: exit code 3."""
    return Refused(*findings, exit_code=Exit.STOPPED)
