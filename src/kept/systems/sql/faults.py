"""Turn what a database or its driver says into one finding with the next step, and nothing personal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from kept.policy.findings import Finding, Refused, could_not_run


@contextmanager
def translated(*, system: str, doing: str) -> Iterator[None]:
    """Let database errors leave the block as Refused."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        raise translate(error, system=system, doing=doing) from None


def translate(error: Exception, *, system: str, doing: str) -> Refused:
    """Say what happened and what to do."""
    return could_not_run(Finding(code="S219", message=f"{type(error).__name__} while {doing}", where=system))
