"""The controls on real databases: clean, with a planted fault, without the canary, behind a view."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kept.law.terms import Verdict
from kept.policy.load import require
from kept.prove.controls.registry import evidence
from kept.prove.controls.witness import Inspection, Witness
from kept.prove.verdict import Evidence
from kept.systems.sql.system import open_system
from kept.testing import Database

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)
PROMISES = ("T-fields", "T-categories", "T-sources", "T-constant", "T-never", "T-precision", "T-age", "T-secret")

POLICY = """\
kept: 1
controller: {name: Test AS, country: NO, timezone: Europe/Oslo, languages: [de], contact: privacy@test.example}
text: {promises: promises.csv}
people:
  customer: {role: controller, minimum-age: {US: 13, EEA: 16}, says: {minimum-age: [T-age]}}
data:
  lead: {people: [customer], categories: [contact], fields: [name, email, company], sources: [website, event],
         says: {fields: [T-fields], sources: [T-sources], categories: [T-categories]}}
  log: {people: [customer], categories: [online-identifier, location], sources: [login],
        precision: {location: country, ip: truncated}, says: {precision: [T-precision], sources: [T-constant]}}
  call: {people: [customer], categories: [content], never: [name, phone, email], says: {never: [T-never]}}
purposes:
  sales: {basis: legitimate-interests, data: [lead, call, log]}
measures:
  keys: {of: [call], check: secret-scan, says: [T-secret]}
systems:
  shop:
    url: env:SHOP
    canary: {table: web_form, key: CANARY}
    tables:
      web_form: {is: customer, key: id, find-by: {email: email}, kind: lead, on: {collected: sent_at},
                 source: {column: form}, about: {residence: country, birth-date: born}}
      login: {of: web_form, via: form_id, key: id, kind: log, on: {collected: at}, source: [login]}
      video_call: {of: web_form, via: form_id, key: id, kind: call}
"""

TABLES = (
    """CREATE TABLE web_form (id INTEGER PRIMARY KEY, name VARCHAR(80), email VARCHAR(80), company VARCHAR(80),
       form VARCHAR(20), country VARCHAR(20), born DATE, sent_at TIMESTAMP NULL)""",
    """CREATE TABLE login (id INTEGER PRIMARY KEY, form_id INTEGER, ip VARCHAR(45), country VARCHAR(20),
       at TIMESTAMP NULL)""",
    "CREATE TABLE video_call (id INTEGER PRIMARY KEY, form_id INTEGER, note VARCHAR(400))",
)


def rows() -> list[str]:
    statements = []
    day = "'2026-01-01 00:00:00'"
    for n in range(1, 41):
        form = f"{n}, 'P {n}', 'p{n}@mail.example', 'Firma {n}', 'website', 'NO', '2010-06-15', {day}"
        statements += [
            f"INSERT INTO web_form VALUES ({form})",
            f"INSERT INTO login VALUES ({n}, {n}, '198.51.{n}.0', 'NO', {day})",
            f"INSERT INTO video_call VALUES ({n}, {n}, 'picture froze after {n} s')",
        ]
    return statements


Prove = Callable[..., Evidence]


@pytest.fixture
def prove(database: Database, tmp_path: Path) -> Prove:
    database.run(*TABLES, *rows())
    (tmp_path / "promises.csv").write_text("id,kind,obligation\n" + "".join(f"{p},test,Zusage\n" for p in PROMISES))

    def run(promise: str, *planted: str, canary: str = "1") -> Evidence:
        database.run(*planted)
        (tmp_path / "kept.yaml").write_text(POLICY.replace("CANARY", canary))
        policy = require(tmp_path / "kept.yaml")
        port = open_system(policy.systems[0], zone="Europe/Oslo", env={"SHOP": database.url}, readonly=True)
        try:
            citation = next(c for c in policy.citations if c.promise == promise)
            witness = Witness(policy.systems[0], port)
            return evidence(citation, Inspection(policy=policy, as_of=AS_OF, witnesses=(witness,)))
        finally:
            port.engine.dispose()

    return run


def test_clean_data_is_kept_and_without_the_canary_it_is_not(prove: Prove) -> None:
    for promise in PROMISES:
        found = prove(promise)
        assert found.verdict is Verdict.KEPT, (promise, found)
        assert prove(promise, canary="999").reason == "reason.canary-lost"


@pytest.mark.parametrize(
    ("promise", "planted", "reason", "violations"),
    [
        (
            "T-fields",
            ["ALTER TABLE web_form ADD COLUMN hint VARCHAR(80)", "UPDATE web_form SET hint = email WHERE id > 4"],
            "reason.undeclared-column.email",
            1,
        ),
        ("T-categories", ["UPDATE web_form SET company = '4111 1111 1111 1111'"], "reason.values.card", 1),
        ("T-sources", ["UPDATE web_form SET form = NULL WHERE id < 4"], "reason.rows-without-source", 3),
        ("T-never", ["UPDATE video_call SET note = 'ring +47 22 33 44 55' WHERE id = 7"], "reason.values.phone", 1),
        ("T-precision", ["UPDATE login SET country = 'Oslo' WHERE id < 6"], "reason.not-country", 5),
        ("T-precision", ["UPDATE login SET ip = '198.51.100.7' WHERE id = 3"], "reason.not-truncated-ip", 1),
        ("T-age", ["UPDATE web_form SET born = '2010-06-16' WHERE id < 3"], "reason.too-young", 2),
        ("T-age", ["UPDATE web_form SET born = '2012-01-01', country = NULL WHERE id = 2"], "reason.too-young", 1),
        (
            "T-secret",
            ["UPDATE video_call SET note = 'vck_live_a1B2c3D4e5F6g7H8' WHERE id = 7"],
            "reason.values.secret",
            1,
        ),
    ],
)
def test_a_planted_fault_is_counted(
    prove: Prove, promise: str, planted: list[str], reason: str, violations: int
) -> None:
    found = prove(promise, *planted)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, reason)
    assert sum(count.violations for count in found.counts) == violations


def test_a_grown_up_in_the_us_of_fourteen_is_no_violation(prove: Prove) -> None:
    found = prove("T-age", "UPDATE web_form SET born = '2012-01-01', country = 'US' WHERE id = 2")
    assert found.verdict is Verdict.KEPT


def test_a_table_hidden_behind_a_view_proves_nothing(prove: Prove) -> None:
    found = prove(
        "T-sources",
        "ALTER TABLE web_form RENAME TO web_form_all",
        "CREATE VIEW web_form AS SELECT * FROM web_form_all WHERE id < 5",
    )
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.concealed.view")


def test_a_table_nobody_declared_is_named(prove: Prove) -> None:
    found = prove(
        "T-fields",
        "CREATE TABLE old_copy (id INTEGER PRIMARY KEY, words VARCHAR(80))",
        "INSERT INTO old_copy SELECT id, email FROM web_form",
    )
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.undeclared-table.email")
    assert dict(found.facts) == {"place": "shop.old_copy", "n": "40", "total": "40"}
