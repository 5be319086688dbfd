"""The documents beside the policy, as they would lie there on a given day: their dates move with the day."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

DOCUMENTS = Path(__file__).parent / "documents"
WRITTEN = date(2026, 11, 24)
"""The day the documents in this folder were written for."""
_DATED = re.compile(r"^(signed|valid-until): (\d{4}-\d\d-\d\d)$", re.MULTILINE)


def lay_out(folder: Path, as_of: date) -> list[str]:
    """Write every document into a folder, signed and ending as long before or after `as_of` as these are now."""
    shift = as_of - WRITTEN
    folder.mkdir(parents=True, exist_ok=True)
    for paper in sorted(DOCUMENTS.glob("*.md")):
        text = _DATED.sub(lambda m: f"{m[1]}: {date.fromisoformat(m[2]) + shift}", paper.read_text("utf-8"))
        (folder / paper.name).write_text(text, "utf-8")
    return sorted(path.name for path in folder.glob("*.md"))
