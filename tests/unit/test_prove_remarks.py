"""Remarks on the whole board: what touches no single promise and must be known all the same."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kept.app import proving
from kept.app.context import opened
from kept.prove.verdict import Board
from kept.texts import LANGUAGES, Lang

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
POLICY = """\
kept: 1
controller: {name: Test AS, country: NO, timezone: Europe/Oslo, languages: [de, en], contact: privacy@test.example}
text: {file: policy.de.md, version: 2026-01-01, promises: promises.csv, says: {version: [T-1, T-2]}}
people: {customer: {role: controller}}
data: {account: {people: [customer], categories: [contact]}}
purposes: {service: {basis: contract, data: [account]}}
systems:
  shop:
    url: env:SHOP
CANARY
    tables: {account: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kept.yaml").write_text(POLICY.replace("CANARY", "    canary: {table: account, key: 1}"))
    (tmp_path / "promises.csv").write_text("id,kind,obligation\nT-1,test,Eins\nT-2,test,Zwei\n")
    for lang in LANGUAGES:
        (tmp_path / f"policy.{lang}.md").write_text("# Text\n\nEins. {T-1} Zwei. {T-2}\n")
    database(tmp_path, "CREATE TABLE account (id INTEGER PRIMARY KEY, email TEXT, at TEXT)")
    database(tmp_path, "INSERT INTO account VALUES (1, 'a@b.example', '2026-01-01 00:00:00')")
    return tmp_path


def database(folder: Path, statement: str) -> None:
    with sqlite3.connect(folder / "shop.db") as connection:
        connection.execute(statement)
    connection.close()


def board(folder: Path, *, as_of: str | None = None, now: datetime = NOW) -> Board:
    env = {"SHOP": f"sqlite:///{folder / 'shop.db'}", "KEPT_STORE": str(folder / "store.db")}
    with opened(folder / "kept.yaml", env=env, as_of=as_of, now=now) as context:
        return proving.prove(context, "en").board


def test_a_violation_is_dated_by_the_clock_from_the_second_proof_on(folder: Path) -> None:
    (folder / "kept.yaml").write_text(
        POLICY.replace("CANARY", "    canary: {table: account, key: 1}").replace("[T-1, T-2]", "[T-1]")
        + "pledges: [{says: [T-2], owner: nobody, review: 1 month}]\n"
    )

    def since(**when: Any) -> list[datetime | None]:
        proofs = board(folder, **when).proofs
        return [count.since for proof in proofs for seen in proof.evidence for count in seen.counts]

    assert since() == [None]
    prose = folder / "policy.de.md"
    prose.write_text(prose.read_text() + "Neu.\n")
    assert since(as_of="2026-06-10", now=NOW + timedelta(days=1)) == [None], "seen for the first time"
    assert since(now=NOW + timedelta(days=5)) == [NOW + timedelta(days=1)]


def findings(folder: Path, lang: Lang = "en", *, shop: str = "shop.db", as_of: str | None = None) -> tuple[str, ...]:
    env = {"SHOP": f"sqlite:///{folder / shop}", "KEPT_STORE": str(folder / "store.db")}
    with opened(folder / "kept.yaml", env=env, as_of=as_of, now=NOW) as context:
        return proving.prove(context, lang).board.findings


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_is_remarked_where_all_is_as_it_should_be(folder: Path, lang: Lang) -> None:
    assert findings(folder, lang) == ()


def test_another_day_than_today_is_told(folder: Path) -> None:
    (said,) = findings(folder, as_of="2026-06-01")
    assert said.startswith("Periods and ages are reckoned for 1 June 2026;")


def test_a_system_out_of_reach_is_told_with_its_code_and_without_its_address(folder: Path) -> None:
    (said,) = findings(folder, shop="gone/none.db")
    assert said.startswith("The system “shop” could not be reached (S")
    assert "none.db" not in said


def test_a_system_without_a_canary_is_told(folder: Path) -> None:
    (folder / "kept.yaml").write_text(POLICY.replace("CANARY\n", ""))
    (said,) = findings(folder)
    assert "No canary row is named for “shop”" in said


def test_tables_that_nobody_declared_are_named_and_many_are_counted(folder: Path) -> None:
    for n in range(7):
        database(folder, f"CREATE TABLE loose_{n} (id INTEGER PRIMARY KEY)")
    (said,) = findings(folder, "de")
    assert said.startswith("7 Tabellen sind weder zugeordnet")
    assert "shop.loose_4 …" in said
    assert "loose_5" not in said


def test_a_translation_that_leaves_a_promise_out_is_told_only_to_its_readers(folder: Path) -> None:
    (folder / "policy.en.md").write_text("# Text\n\nOne. {T-1}\n")
    (said,) = findings(folder, "en")
    assert said == "1 promise of the authoritative text is missing in policy.en.md: T-2."
    assert findings(folder, "de") == ()
