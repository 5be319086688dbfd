"""Closed lists beyond the simple case: `data.all`, tables without a kind, JSON paths, names, and the texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kept.law.terms import Defect, Verdict
from kept.map.bound import Hop
from kept.map.schema import Column, Family, Schema, Shape, Table
from kept.map.system import Canary
from kept.policy.load import require
from kept.ports import Concealment, CountQuery, Sample
from kept.prove.controls.places import kebab, names_person
from kept.prove.controls.recognise import PERSONAL
from kept.prove.controls.registry import CONTROLS, evidence
from kept.prove.controls.witness import Inspection, Witness
from kept.prove.verdict import Evidence
from kept.texts import known

POLICY = """\
kept: 1
controller: {name: Test AS, country: NO, timezone: Europe/Oslo, languages: [de], contact: privacy@test.example}
text: {promises: promises.csv}
people: {customer: {role: controller}}
data:
  all: {fields: declared, never: [religion, gender], says: {fields: [T-all], never: [T-never]}}
  contact: {people: [customer], categories: [contact], fields: [name, phone], says: {fields: [T-contact]}}
  usage: {people: [customer], categories: [behaviour], fields: [theme, last-page], says: {fields: [T-usage]}}
purposes:
  sales: {basis: legitimate-interests, data: [contact, usage]}
systems:
  shop:
    url: env:SHOP
    canary: {table: person, key: 1}
    tables:
      person:
        key: id
        is: customer
        find-by: {phone: phone}
        columns:
          name: {kind: contact}
          phone: {kind: contact}
          state: {fate: keep, reason: open or closed}
          settings:
            json: {"$.theme": {kind: usage}, "$.lastPage": {kind: usage}, "$.tel": {kind: contact, field: phone}}
"""

PROMISES = ("T-all", "T-never", "T-contact", "T-usage")


@dataclass
class FakePort:
    """A fake system with one table of text columns."""

    rows: Mapping[str, Sequence[str | None]] = field(
        default_factory=lambda: {"id": ["1"], "name": ["A"], "phone": [None], "state": ["open"], "settings": ["{}"]}
    )
    name: str = "shop"
    dialect: str = "sqlite"

    def describe(self) -> Schema:
        columns = tuple(Column(name=c, type="text", family=Family.TEXT, nullable=True) for c in self.rows)
        table = Table(name="person", shape=Shape.TABLE, columns=columns, key=("id",))
        return Schema(dialect="sqlite", tables=(table,))

    def found(self, canary: Canary) -> bool:
        return canary.table == "person"

    def concealed(self, tables: Sequence[str]) -> tuple[Concealment, ...]:
        assert tables
        return ()

    def size(self, table: str) -> tuple[int, bool]:
        return sum(self.count(CountQuery(table=table, flags=())).values()), True

    def count(self, query: CountQuery) -> dict[int, int]:
        return {1: len(self.rows[query.table and "id"])}

    def earliest(self, query: CountQuery, hop: Hop) -> datetime | None:  # noqa: ARG002 - these tests date nothing
        return None

    def encrypted_in_transit(self) -> bool | None:
        return None

    def count_outside(self, table: str, column: str, allowed: Sequence[str]) -> tuple[int, int]:
        raise NotImplementedError(table, column, allowed)

    def count_like(self, table: str, column: str, pattern: str) -> tuple[int, int]:
        raise NotImplementedError(table, column, pattern)

    def sample(self, table: str, columns: Sequence[str], rows: int) -> Sample:
        values = {c: tuple(v for v in self.rows[c][:rows] if v is not None) for c in columns}
        return Sample(table=table, columns=values, rows=len(self.rows["id"]))


def prove(tmp_path: Path, promise: str, policy: str = POLICY, **columns: Sequence[str | None]) -> Evidence:
    (tmp_path / "promises.csv").write_text("id,kind,obligation\n" + "".join(f"{p},test,Zusage\n" for p in PROMISES))
    (tmp_path / "kept.yaml").write_text(policy)
    loaded = require(tmp_path / "kept.yaml")
    port = FakePort(rows={**FakePort().rows, **columns})
    inspection = Inspection(
        policy=loaded, as_of=datetime(2026, 6, 15, tzinfo=UTC), witnesses=(Witness(loaded.systems[0], port),)
    )
    return evidence(next(c for c in loaded.citations if c.promise == promise), inspection)


@pytest.mark.parametrize("promise", PROMISES)
def test_everything_declared_is_kept(tmp_path: Path, promise: str) -> None:
    assert prove(tmp_path, promise).verdict is Verdict.KEPT


def test_a_column_that_no_kind_covers_breaks_all_whatever_it_holds(tmp_path: Path) -> None:
    found = prove(tmp_path, "T-all", spare=["blue"])
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.undeclared-column.plain")
    assert dict(found.facts)["place"] == "shop.person.spare"


def test_an_uncovered_column_breaks_the_kinds_of_its_table(tmp_path: Path) -> None:
    found = prove(tmp_path, "T-contact", spare=["call +47 22 33 44 55"])
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.undeclared-column.phone")


def test_a_path_in_a_json_column_must_be_on_the_list_of_its_kind(tmp_path: Path) -> None:
    found = prove(tmp_path, "T-usage", POLICY.replace("$.theme", "$.mood"))
    assert (found.verdict, dict(found.facts)["place"]) == (Verdict.BROKEN, "shop.person.settings.mood")
    assert prove(tmp_path, "T-contact", POLICY.replace("$.theme", "$.mood")).verdict is Verdict.KEPT


@pytest.mark.parametrize("column", ["religion", "sex", "Geschlecht", "religious_view"])
def test_what_may_never_be_stored_is_known_by_the_words_of_a_column(tmp_path: Path, column: str) -> None:
    policy = POLICY.replace("name: {kind: contact}", f"name: {{kind: contact}}\n          {column}: {{kind: contact}}")
    found = prove(tmp_path, "T-never", policy, **{column: []})
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.never-column")


@pytest.mark.parametrize(
    ("column", "field_"),
    [
        ("billing_address", "billing-address"),
        ("billingAddress", "billing-address"),
        ("last4", "last4"),
        ("Größe", "größe"),
        ("IP", "ip"),
        ("a  b", "a-b"),
        ("__", "__"),
    ],
)
def test_a_column_is_called_by_its_name_in_kebab_case(column: str, field_: str) -> None:
    assert kebab(column) == field_


@pytest.mark.parametrize(
    ("table", "column", "person"),
    [
        ("guest", "name", True),
        ("guest", "full_name", True),
        ("guest", "nachname", True),
        ("company", "name", False),
        ("guest", "companyName", False),
        ("guest", "file_name", False),
        ("guest", "nickname_count", False),
    ],
)
def test_only_the_name_of_a_person_is_a_persons_name(table: str, column: str, person: bool) -> None:
    assert names_person(table, column) is person


def _reasons() -> set[str]:
    """Reasons the controls give, written out and composed."""
    folder = Path(registry_file()).parent
    written = {found for path in folder.glob("*.py") for found in re.findall(r'"(reason\.[a-z.-]+)"', path.read_text())}
    composed = {
        f"reason.{what}.{one.name}" for one in PERSONAL for what in ("values", "undeclared-column", "undeclared-table")
    }
    composed |= {f"reason.undeclared-{what}.{how}" for what in ("column", "table") for how in ("plain", "unread")}
    composed |= {f"reason.defect.{defect}" for defect in Defect}
    composed |= {"reason.sensitive-values-hold", "reason.secret-scan-hold", "reason.values.coordinates"}
    return written | composed


def registry_file() -> str:
    module = evidence.__globals__["__file__"]
    assert isinstance(module, str)
    return module


def test_every_reason_of_a_control_has_its_text() -> None:
    reasons = _reasons()
    assert len(reasons) > 60
    assert [reason for reason in sorted(reasons) if not known(reason)] == []


def test_the_registry_names_only_keys_of_the_grammar() -> None:
    from kept.policy.keys import control_of

    assert [key for key in CONTROLS if not control_of(*key)] == []
