"""Every finding code of every room, for `kept explain CODE` and the reference."""

from __future__ import annotations

from kept.decide import codes as of_plans
from kept.policy import codes as of_policy
from kept.policy.codes import Code
from kept.records import codes as of_ledger
from kept.store import codes as of_store
from kept.systems.sql import codes as of_sql


def every() -> dict[str, Code]:
    """All codes by name. A code in two tables is a fault of ours."""
    tables = (of_policy.CODES, of_plans.CODES, of_sql.CODES, of_ledger.CODES, of_store.CODES)
    found: dict[str, Code] = {}
    for table in tables:
        for code, page_ in table.items():
            if code in found:
                raise ValueError(f"finding code {code} stands in two tables")
            found[code] = page_
    return found


def page(name: str) -> str | None:
    """The page of a code as text."""
    code = every().get(name)
    if code is None:
        return None
    parts = [f"{code.code}: {code.title}", "", code.page]
    parts += [f"\nwhy:  {code.why}"] if code.why else []
    parts += [f"help: {code.help}"] if code.help else []
    return "\n".join(parts)
