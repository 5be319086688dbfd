"""Where a database differs from the oracle, cell for cell."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.oracle.end import EMPTY
from tests.oracle.world import Case, Row, Rows, Table


def differences(case: Case, wanted: Rows, found: Rows) -> list[str]:
    """Return one line per cell or row that is not as the oracle says."""
    return [line for table in case.tables for line in _table(case, table, wanted[table.name], found[table.name])]


def _table(case: Case, table: Table, wanted: list[Row], found: list[Row]) -> list[str]:
    keys = [tuple(row[column] for column in table.key) for row in wanted]
    here = {tuple(row[column] for column in table.key): row for row in found}
    old = {tuple(row[column] for column in table.key): row for row in case.rows[table.name]}
    lines = [f"{table.name}{key}: should stay and is gone" for key in keys if key not in here]
    lines += [f"{table.name}{key}: should be gone and is there" for key in here if key not in keys]
    fills: defaultdict[str, set[Any]] = defaultdict(set)
    for key, row in zip(keys, wanted, strict=True):
        for column, value in row.items() if key in here else ():
            is_ = here[key][column]
            if value is EMPTY:
                fills[column].add(is_)
            if is_ == old[key][column] if value is EMPTY else is_ != value:
                lines.append(f"{table.name}{key}.{column}: {old[key][column]!r} should be {value!r} and is {is_!r}")
    # One neutral value tells nothing; several could be told apart, and only a unique column needs them.
    told = [name for name, values in fills.items() if len(values) > 1 and not table.column(name).unique]
    return lines + [f"{table.name}.{name}: emptied to several values" for name in told]
