"""Failures measured in the field on other tools, impossible here: each with the real command."""

from __future__ import annotations

import json
import sqlite3

from tests.acceptance.desk import Said, kept
from tests.samples.shop import LONG_AGO, Shop, policy

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
ANONYMISE = "account: {from: collected, keep: at most 60 days, then: anonymise}"
TABLE = "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )"
ADDRESS = "Planted.Person@Secret-House.example"


def run(shop: Shop, *words: str) -> Said:
    return kept(shop.folder, shop.database.url, *words)


def peopled(shop: Shop, *emails: str) -> None:
    rows = ", ".join(f"({n}, '{email}', '{LONG_AGO}')" for n, email in enumerate(emails, 1))
    shop.make(TABLE, f"INSERT INTO person VALUES {rows}")
    shop.write(policy(PERSON))


def test_a_column_that_cannot_be_masked_refuses_the_plan_and_is_named(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP , code CHAR(2) NOT NULL)",
        f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}', 'no')",
    )
    shop.write(policy(PERSON, retention=ANONYMISE))
    before = shop.picture()
    said = run(shop, "plan", "retention", "--out", "p.json")
    assert said.code not in {0, 4}
    assert "shop.person.code" in said.err
    assert not (shop.folder / "p.json").exists()
    assert shop.picture() == before


def test_a_constraint_in_the_eighth_table_changes_nothing_in_any(shop: Shop) -> None:
    tables = [f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, p INTEGER, text VARCHAR(20))" for n in range(1, 8)]
    sound = (
        "CREATE TABLE t8 (id INTEGER PRIMARY KEY, p INTEGER, text VARCHAR(20), CONSTRAINT s CHECK (text IS NOT NULL))"
    )
    rows = [f"INSERT INTO t{n} VALUES (1, 1, 'x')" for n in range(1, 9)]
    shop.make(TABLE, *tables, sound, f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}')", *rows)
    mapped = "\n".join(f"t{n}: {{key: id, of: person, via: p, kind: account}}" for n in range(1, 9))
    shop.write(policy(f"{PERSON}\n{mapped}", retention=ANONYMISE))
    assert run(shop, "plan", "retention", "--out", "p.json").code == 4
    before = shop.picture()
    said = run(shop, "apply", "p.json")
    assert said.code not in {0, 4}
    assert "verified" not in said.out
    after = shop.picture()
    assert {table: after[table] for table in before} == before


def test_the_upper_case_spelling_of_an_address_is_found_and_erased(shop: Shop) -> None:
    peopled(shop, "anna@x.example", "bob@x.example")
    assert run(shop, "plan", "erasure", "email=ANNA@X.EXAMPLE", "--out", "p.json").code == 4
    said = run(shop, "apply", "p.json")
    assert said.code == 0, said.all
    assert shop.ids("person") == [2]


def test_an_unknown_person_is_nobody_found_and_never_complete(shop: Shop) -> None:
    peopled(shop, "anna@x.example")
    said = run(shop, "plan", "erasure", "email=nobody@x.example", "--out", "p.json")
    assert said.code == 0
    assert "Nobody found" in said.out
    assert "complete" not in said.all.lower()
    assert "nobody@x.example" not in said.all
    assert not (shop.folder / "p.json").exists()


def test_no_identifier_of_an_erased_person_stays_in_files_or_output(small: Shop) -> None:
    peopled(small, ADDRESS, "bob@x.example")
    spoken = [run(small, "plan", "erasure", f"email={ADDRESS}", "--out", "p.json"), run(small, "apply", "p.json")]
    spoken += [run(small, "status"), run(small, "audit", "export", "l.jsonl")]
    assert [said.code for said in spoken] == [4, 0, 0, 0]
    seen = "".join(said.all for said in spoken).lower()
    assert "secret-house" not in seen
    files = [path for path in small.folder.rglob("*") if path.is_file()]
    assert {"store.db", "work.db", "p.json", "l.jsonl"} <= {path.name for path in files}
    assert [path.name for path in files if b"secret-house" in path.read_bytes().lower()] == []


def test_an_edited_entry_of_an_exported_ledger_is_named(small: Shop) -> None:
    erased(small)
    assert run(small, "audit", "export", "l.jsonl").code == 0
    assert run(small, "audit", "verify", "l.jsonl").code == 0
    copy = small.folder / "l.jsonl"
    text = copy.read_text()
    assert '"run-started"' in text
    copy.write_text(text.replace('"run-started"', '"run-stopped"', 1))
    said = run(small, "audit", "verify", "l.jsonl", "--json")
    assert said.code == 1, said.all
    assert json.loads(said.out)["first-bad"] is not None


def test_an_update_in_the_ledger_table_is_noticed(small: Shop) -> None:
    erased(small)
    assert run(small, "audit", "verify").code == 0
    with sqlite3.connect(small.folder / ".kept" / "store.db") as store:
        store.execute("UPDATE kept_ledger_entry SET leaf = zeroblob(32) WHERE seq = 1")
    said = run(small, "audit", "verify")
    assert said.code == 1
    assert "1" in said.err


def erased(shop: Shop) -> None:
    peopled(shop, "anna@x.example", "bob@x.example")
    assert run(shop, "plan", "erasure", "email=anna@x.example", "--out", "p.json").code == 4
    assert run(shop, "apply", "p.json").code == 0


def test_two_hundred_people_are_one_plan_of_one_step(shop: Shop) -> None:
    emails = [f"p{n}@x.example" for n in range(1, 301)]
    peopled(shop, *emails)
    words = [f"email={email}" for email in emails[:200]]
    made = run(shop, "plan", "erasure", *words, "--out", "p.json", "--json")
    assert made.code == 4, made.all
    steps = json.loads(made.out)["plan"]["steps"]
    assert [(step["table"], step["rows"]) for step in steps] == [("person", 200)]
    said = run(shop, "apply", "p.json")
    assert said.code == 0
    assert "verified: 200 of 200" in said.out
    assert shop.ids("person") == list(range(201, 301))
