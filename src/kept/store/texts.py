"""Which words each version of the published text had when it was first proven: a changed text needs a new date."""

from __future__ import annotations

from sqlalchemy import insert, select

from kept.store.open import Tx
from kept.store.tables import about

_PREFIX = "text:"


def known(tx: Tx) -> dict[str, str]:
    """SHA-256 of the text by version."""
    rows = tx.connection.execute(select(about.c.name, about.c.value).where(about.c.name.startswith(_PREFIX)))
    return {row.name.removeprefix(_PREFIX): row.value for row in rows}


def remember(tx: Tx, version: str, digest: str) -> bool:
    """Keep the first digest of a version; False when one is on record already."""
    if version in known(tx):
        return False
    tx.connection.execute(insert(about).values(name=f"{_PREFIX}{version}"[:64], value=digest))
    return True
