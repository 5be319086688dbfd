"""Options every verb shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from kept.cli.output import complain

if TYPE_CHECKING:
    from kept.app.context import Context

PolicyFile = Annotated[Path, Parameter(name=["--policy"], help="The policy file.")]
AsOf = Annotated[str | None, Parameter(name=["--as-of"], help="Decide as of this instant (ISO 8601); now by default.")]
Json = Annotated[bool, Parameter(name=["--json"], negative=(), help="Print one versioned JSON document.")]
Language = Annotated[Literal["de", "en"], Parameter(name=["--lang"], help="Language of texts for people.")]
PlanFile = Annotated[Path, Parameter(help="A plan file.")]
DEFAULT_POLICY = Path("kept.yaml")


@contextmanager
def working(policy: Path, as_of: str | None = None) -> Iterator[Context]:
    """Open the world a verb works in."""
    from kept.app.context import opened

    with opened(policy, env=os.environ, as_of=as_of) as context:
        yield context
        if warnings := context.warnings:
            complain(warnings)
