"""A case as a database and as a policy file, in the words of grammar.md."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from tests.oracle.world import Case, Link, Rows, Rule, Table

TYPES: dict[str, Any] = {
    "int": sa.Integer(),
    "epoch": sa.BigInteger(),
    "text": sa.String(60),
    "instant": sa.DateTime(),
    "date": sa.Date(),
}


def metadata(case: Case) -> sa.MetaData:
    """Return the tables of a case, and a canary."""
    tables = sa.MetaData()
    sa.Table("canary", tables, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False))
    for table in case.tables:
        columns = [
            sa.Column(c.name, TYPES[c.type], nullable=c.null, unique=c.unique or None, autoincrement=False)
            for c in table.columns
        ]
        declared = [
            sa.ForeignKeyConstraint(link.via, [f"{link.parent}.{column}" for column in link.to])
            for link in case.links
            if link.child == table.name and link.declared
        ]
        sa.Table(table.name, tables, *columns, sa.PrimaryKeyConstraint(*table.key), *declared)
    return tables


def fill(case: Case, engine: sa.Engine) -> None:
    """Make the database."""
    tables = metadata(case)
    tables.create_all(engine)
    with engine.begin() as connection:
        connection.execute(tables.tables["canary"].insert(), [{"id": 1}])
        for table in case.tables:
            if case.rows[table.name]:
                connection.execute(tables.tables[table.name].insert(), case.rows[table.name])


def read(case: Case, engine: sa.Engine) -> Rows:
    """Return what the tables hold."""
    tables = metadata(case)
    with engine.connect() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(tables.tables[table.name].select())]
            for table in case.tables
        }


def policy(case: Case) -> str:
    """Return the policy file."""
    sections: dict[str, Any] = {
        "data": {kind: {"people": ["customer"], "categories": ["contact"]} for kind in case.kinds},
        "purposes": {"service": {"basis": "contract", "data": list(case.kinds)}},
        "retention": {rule.name: _rule(rule) for rule in case.rules},
        "requests": {"erasure": {"for": ["customer"]}},
    }
    lines = [
        "kept: 1",
        f'controller: {{name: Test, country: "NO", timezone: {case.zone}, languages: [en], contact: p@test.example}}',
        "people: {customer: {role: controller}}",
    ]
    for section, entries in sections.items():
        lines += [f"{section}:", *(f"  {name}: {_flow(entry)}" for name, entry in entries.items())]
    lines += ["systems:", "  shop:", "    url: env:SHOP", f"    clock: {case.clock}"]
    lines += ["    canary: {table: canary, key: 1}", "    nothing-personal: [canary]", "    tables:"]
    lines += [f"      {table.name}: {_flow(_table(case, table))}" for table in case.tables]
    return "\n".join([*lines, "safety: {stop-above: 100 %}", ""])


def _flow(value: Any) -> str:
    """Return a value in YAML's flow style; words that need no quotes get none."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    text = str(value)
    return text if text.replace("-", "").replace("_", "").replace(" ", "").isalnum() else json.dumps(text)


def _rule(rule: Rule) -> dict[str, Any]:
    period = "undecided" if rule.count is None else f"{rule.count} {rule.unit}"
    keep = {"none": "no longer", "while": f"while {rule.state}"}.get(rule.mode, f"at {rule.mode} {period}")
    said: dict[str, Any] = {} if rule.data == (rule.name,) else {"data": list(rule.data)}
    if rule.data[0] in {"all", "other"}:
        said = {"data": rule.data[0]}
    said |= {"from": rule.event} if rule.event else {}
    said |= {"keep": keep} | ({"then": rule.then} if rule.then else {})
    said |= {"ground": list(rule.grounds)} if rule.grounds else {}
    said |= {"law": "Bookkeeping Act"} if "legal-obligation" in rule.grounds else {}
    return said | ({"review": "6 months"} if rule.state == "needed" else {})


def _table(case: Case, table: Table) -> dict[str, Any]:
    said: dict[str, Any] = {"is": "customer"} if table.person else {}
    said |= {"key": table.key[0] if len(table.key) == 1 else list(table.key), "kind": table.kind}
    said |= {"find-by": {"email": table.find_by}} if table.find_by else {}
    parents = [_parent(case, link) for link in case.links if link.child == table.name and not link.told_by_parent]
    said |= {"of": parents} if parents else {}
    if len(parents) == 1 and parents[0].keys() == {"table", "via"}:
        said |= {"of": parents[0]["table"], "via": parents[0]["via"]}
    said |= {"on": {event: _on(table, column) for event, column in table.on.items()}} if table.on else {}
    children = [_child(link) for link in case.links if link.parent == table.name and link.told_by_parent]
    said |= {"links": children} if children else {}
    columns = {c.name: _column(c.kind, c.fate) for c in table.columns if c.kind or c.fate}
    return said | ({"columns": columns} if columns else {})


def _on(table: Table, column: str) -> Any:
    return {"column": column, "format": "epoch"} if table.column(column).type == "epoch" else column


def _column(kind: str | None, fate: str | None) -> dict[str, Any]:
    said = {"kind": kind} if kind else {}
    return said | ({"fate": fate} if fate else {}) | ({"reason": "needed"} if fate == "keep" else {})


def _parent(case: Case, link: Link) -> dict[str, Any]:
    said: dict[str, Any] = {"table": link.parent, "via": _one(link.via)}
    said |= {"to": _one(link.to)} if link.to != case.table(link.parent).key else {}
    return said | _more(link)


def _child(link: Link) -> dict[str, Any]:
    return {"to": link.child, "via": _one(link.via)} | _more(link)


def _more(link: Link) -> dict[str, Any]:
    said: dict[str, Any] = {"when": dict(link.when)} if link.when else {}
    return said | ({"edge": link.edge} if link.edge != "own" else {})


def _one(columns: tuple[str, ...]) -> Any:
    return columns[0] if len(columns) == 1 else list(columns)
