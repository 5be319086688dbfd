"""What may be left out is shown by rows that leave it out; an address on somebody else's domain is no way in."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kept.law.terms import Verdict
from kept.policy.load import require
from kept.prove.controls.registry import evidence, runs
from kept.prove.controls.witness import Inspection, Witness
from kept.prove.verdict import Evidence
from kept.systems.sql.system import open_system
from kept.texts import LANGUAGES, say

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)
POLICY = """\
kept: 1
controller: {name: Test AS, country: NO, timezone: Europe/Oslo, languages: [de], contact: privacy@test.example}
text: {promises: promises.csv, address: "https://www.site.example/privacy"}
people: {customer: {role: controller}, guest: {role: controller}}
data:
  lead: {people: [customer], categories: [contact], fields: [email, company, role], optional: [company, role],
         says: {optional: [T-fields]}}
  visit: {people: [guest], categories: [online-identifier], optional: all, says: {optional: [T-all]}}
purposes: {sales: {basis: contract, data: [lead, visit]}}
requests:
  channels:
    own: {address: privacy@test.example, says: [T-own]}
    sub: {address: privacy@mail.site.example, says: [T-sub]}
    post: {address: "Lysverkgata 12, Oslo", says: [T-post]}
    other: {address: privacy@tset.example, says: [T-other]}
systems:
  shop:
    url: env:SHOP
    canary: {table: form, key: 1}
    tables:
      form: {is: customer, key: id, find-by: {email: email}, kind: lead, on: {collected: at}}
      call: {is: guest, key: id, find-by: {GUEST: visitor}, kind: visit, on: {collected: at}}
"""
FORM = "CREATE TABLE form (id INTEGER PRIMARY KEY, email TEXT, company TEXT COMPANY, role TEXT, at TEXT)"
CALL = "CREATE TABLE call (id INTEGER PRIMARY KEY, visitor TEXT, at TEXT, user_id INTEGER USER)"


class Shop:
    """A database of two tables, and the proof of one promise about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.guest, self.company, self.user = "cookie", "", ""
        self.rows = [
            "INSERT INTO form VALUES (1, 'a@mail.example', NULL, 'buyer', '2026-01-01 00:00:00')",
            "INSERT INTO form VALUES (2, 'b@mail.example', 'Firma', '', '2026-01-01 00:00:00')",
            "INSERT INTO call VALUES (1, 'c1', '2026-01-01 00:00:00', NULL)",
        ]

    def prove(self, promise: str) -> Evidence:
        (self.folder / "kept.yaml").write_text(POLICY.replace("GUEST", self.guest))
        ids = ["fields", "all", "own", "sub", "post", "other"]
        (self.folder / "promises.csv").write_text("id,kind,obligation\n" + "".join(f"T-{i},x,y\n" for i in ids))
        path = self.folder / f"{promise}.db"
        with sqlite3.connect(path) as connection:
            connection.execute(FORM.replace("COMPANY", self.company))
            connection.execute(CALL.replace("USER", self.user))
            for row in self.rows:
                connection.execute(row)
        connection.close()
        policy = require(self.folder / "kept.yaml")
        port = open_system(policy.systems[0], zone="Europe/Oslo", env={"SHOP": f"sqlite:///{path}"})
        inspection = Inspection(policy=policy, as_of=AS_OF, witnesses=(Witness(policy.systems[0], port),))
        citation = next(c for c in policy.citations if c.promise == promise)
        found = evidence(citation, inspection)
        for lang in LANGUAGES:
            assert say(found.reason, lang, **dict(found.facts))
            assert say(f"{found.reason}.short", lang)
        port.engine.dispose()
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_fields_that_some_left_empty_are_kept_with_a_positive_control(shop: Shop) -> None:
    found = shop.prove("T-fields")
    assert (found.verdict, found.reason, found.positive) == (Verdict.KEPT, "reason.left-out", "canary shop.form")
    assert [(c.place, c.violations) for c in found.counts] == [("shop.form.company", 0), ("shop.form.role", 0)]


def test_a_column_that_must_not_be_empty_breaks_it(shop: Shop) -> None:
    shop.company = "NOT NULL"
    shop.rows[0] = shop.rows[0].replace("NULL", "'Firma'")
    found = shop.prove("T-fields")
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.must-be-given")
    assert dict(found.facts)["place"] == "shop.form.company"


def test_a_field_that_nobody_ever_left_out_is_not_shown_to_be_optional(shop: Shop) -> None:
    shop.rows[0] = shop.rows[0].replace("NULL", "'Firma'")
    found = shop.prove("T-fields")
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.never-left-out")


def test_without_the_canary_nothing_is_shown(shop: Shop) -> None:
    shop.rows = [row.replace("VALUES (1,", "VALUES (3,") for row in shop.rows]
    for promise in ("T-fields", "T-all"):
        assert shop.prove(promise).reason == "reason.canary-lost"


def test_use_on_record_without_a_name_shows_that_no_sign_in_is_needed(shop: Shop) -> None:
    found = shop.prove("T-all")
    assert (found.verdict, dict(found.facts)) == (Verdict.KEPT, {"n": "1"})


def test_a_given_identifier_or_a_link_to_a_customer_breaks_anonymous_use(shop: Shop) -> None:
    shop.user = "REFERENCES form (id)"
    tied = shop.prove("T-all")
    assert (tied.verdict, dict(tied.facts)["what"]) == (Verdict.BROKEN, "form")
    shop.folder, shop.guest, shop.user = shop.folder / "again", "email", ""
    shop.folder.mkdir()
    given = shop.prove("T-all")
    assert (given.reason, dict(given.facts)["what"]) == ("reason.sign-in-needed", "email")


def test_where_nobody_was_ever_there_nothing_is_shown(shop: Shop) -> None:
    shop.rows.pop()
    assert shop.prove("T-all").reason == "reason.nobody-anonymous"


def test_an_address_on_a_foreign_domain_is_broken_and_any_other_waits_for_its_message(shop: Shop) -> None:
    found = shop.prove("T-other")
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.foreign-domain")
    assert dict(found.facts) == {"domain": "tset.example", "own": "site.example, test.example"}
    for promise in ("T-own", "T-sub", "T-post"):
        assert shop.prove(promise).reason == "reason.not-executed-yet"


def test_a_control_that_can_only_find_faults_is_not_counted_as_running(shop: Shop) -> None:
    shop.prove("T-own")
    counted = {c.promise: runs(c) for c in require(shop.folder / "kept.yaml").citations}
    assert (counted["T-fields"], counted["T-all"], counted["T-other"]) == (True, True, False)
