"""Kept's own store in a place that will not do: one clear message, no secret, and the shop untouched."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

import pytest
import sqlalchemy as sa
from tests.acceptance.desk import Said, bound_by_permissions, kept, kept_here, refused_well
from tests.samples.shop import LONG_AGO, Shop, policy

from kept.testing import Database

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
GOOD = policy(PERSON, retention=RULE)
TABLE = "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )"
ANNA = "anna@secret-house.example"
ROW = f"INSERT INTO person VALUES (1, '{ANNA}', '{LONG_AGO}')"
STORE = ".kept/store.db"


class Run(Protocol):
    """`run("apply", "p.json")` on the shop."""

    def __call__(self, *words: str, **env: str) -> Said: ...


@pytest.fixture
def run(small: Shop, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in the folder of a shop with one person in it."""
    small.make(TABLE, ROW)
    small.write(GOOD)
    return partial(kept_here, monkeypatch, small.folder, small.database.url)


@pytest.fixture
def planned(small: Shop, run: Run) -> Shop:
    """The same with a plan in `p.json`."""
    assert run("plan", "retention", "--out", "p.json").code == 4
    return small


def untouched(shop: Shop, said: Said, *codes: str) -> None:
    refused_well(said, ANNA, codes=codes)
    assert shop.ids("person") == [1]


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (".", "K114"),
        ("kept.yaml/store.db", "K114"),
        ("/proc/nowhere/store.db", "K114"),
        ("kept.yaml", "K112"),
        ("sqlite://", "K102"),
        ("mariadb://u:s3cret@h/d", "K102"),
        ("nonsense://u:s3cret@h", "K102"),
        ("postgresql://u:s3cret@127.0.0.1:1/d", "K116"),
        ("postgresql://u:s3cret@/d?host=/nowhere", "K116"),
    ],
)
def test_a_store_cannot_live_there(small: Shop, run: Run, place: str, code: str) -> None:
    untouched(small, run("plan", "retention", KEPT_STORE=place), code)
    assert small.file.read_text(encoding="utf-8") == GOOD


def test_an_address_of_a_store_that_cannot_be_read_is_refused(small: Shop, run: Run) -> None:
    untouched(small, run("plan", "retention", KEPT_STORE="postgresql://u:s3cret@h:port/d"), "K102")


@pytest.mark.postgresql
def test_a_store_whose_server_refuses_the_sign_in_is_refused(postgresql: Database, small: Shop, run: Run) -> None:
    url = sa.make_url(postgresql.url).set(username="nobody_here", password="s3cret")
    untouched(small, run("plan", "retention", KEPT_STORE=url.render_as_string(hide_password=False)), "K115")


@pytest.mark.parametrize(
    "content", [b"garbage" * 99, b"SQLite format 3\x00" + b"\xde\xad" * 3000], ids=["text", "head"]
)
def test_a_store_that_is_garbage_is_refused_and_left_as_it_is(planned: Shop, run: Run, content: bytes) -> None:
    store = planned.folder / STORE
    store.write_bytes(content)
    for word in ("-wal", "-shm"):
        store.with_name(f"store.db{word}").unlink(missing_ok=True)
    for words in (("apply", "p.json"), ("status",), ("audit", "verify"), ("plan", "retention")):
        untouched(planned, run(*words), "K112")
    assert store.read_bytes() == content


@contextmanager
def closed(folder: Path) -> Iterator[None]:
    """A folder nobody may write in."""
    folder.chmod(0o555)
    try:
        yield
    finally:
        folder.chmod(0o755)


def test_a_store_in_a_read_only_folder_is_refused(small: Shop, run: Run) -> None:
    del run
    with closed(small.folder):
        said = kept(small.folder, small.database.url, "plan", "retention", before=bound_by_permissions())
    untouched(small, said, "K111")
    assert not (small.folder / ".kept").exists()


def test_a_store_that_became_read_only_is_refused(planned: Shop) -> None:
    folder = planned.folder / ".kept"
    for file in folder.iterdir():
        file.chmod(0o444)
    with closed(folder):
        for words in (("apply", "p.json"), ("plan", "retention")):
            said = kept(planned.folder, planned.database.url, *words, before=bound_by_permissions())
            untouched(planned, said)


def test_a_disk_that_takes_no_more_is_said_to_be_full(planned: Shop) -> None:
    """A limit on the size of any file stands for the disk."""
    limit = (planned.folder / STORE).stat().st_size
    said = kept(planned.folder, planned.database.url, "apply", "p.json", before=("prlimit", f"--fsize={limit}", "--"))
    untouched(planned, said)
    assert kept(planned.folder, planned.database.url, "apply", "p.json").code == 0
    assert planned.ids("person") == []


def test_a_key_that_is_lost_wrong_or_no_key_is_refused(planned: Shop, run: Run) -> None:
    file = planned.folder / f"{STORE}.key"
    good = file.read_bytes()
    file.write_bytes(b"s3cret")
    untouched(planned, run("apply", "p.json"), "K122")
    file.write_bytes(base64.b64encode(b"x" * 32))
    untouched(planned, run("apply", "p.json"), "K123")
    file.unlink()
    untouched(planned, run("apply", "p.json"), "K124")
    assert not file.exists()
    file.write_bytes(good)
    assert run("apply", "p.json").code == 0


def test_a_key_in_the_environment_that_is_no_key_is_refused_and_not_shown(small: Shop, run: Run) -> None:
    said = run("plan", "retention", KEPT_KEY="s3cret-key")
    untouched(small, said, "K122")
    assert "s3cret-key" not in said.all


@pytest.mark.postgresql
def test_a_store_on_a_server_needs_a_key_of_the_environment(postgresql: Database, small: Shop, run: Run) -> None:
    untouched(small, run("plan", "retention", KEPT_STORE=postgresql.url, KEPT_KEY=""), "K120")


def test_a_store_of_a_newer_kept_is_not_touched(planned: Shop, run: Run) -> None:
    with sqlite3.connect(planned.folder / STORE) as store:
        store.execute("UPDATE kept_about SET value = '999' WHERE name = 'version'")
    untouched(planned, run("apply", "p.json"), "K103")


def test_a_store_another_process_holds_does_not_let_a_plan_run(
    planned: Shop, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kept.store.open.BUSY_MS", 50)
    holder = sqlite3.connect(planned.folder / STORE, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        untouched(planned, run("apply", "p.json"), "K113")
    finally:
        holder.close()
    assert run("apply", "p.json").code == 0


def test_a_journal_that_is_garbage_is_refused(planned: Shop) -> None:
    (planned.folder / ".kept" / "work.db").write_bytes(b"garbage" * 99)
    untouched(planned, kept(planned.folder, planned.database.url, "apply", "p.json"))


def test_a_stored_plan_that_was_changed_is_refused(planned: Shop, run: Run) -> None:
    with sqlite3.connect(planned.folder / STORE) as store:
        store.execute("UPDATE kept_plan SET text = replace(text, '\"delete\"', '\"change\"')")
    untouched(planned, run("apply", "p.json"))


def test_a_ledger_that_was_cut_short_is_refused(planned: Shop, run: Run) -> None:
    assert run("audit", "export", "l.jsonl").code == 0
    copy = planned.folder / "l.jsonl"
    lines = copy.read_text().splitlines(keepends=True)
    for number, code in ((len(lines) - 1, "L108"), (1, "L108"), (0, "L109")):
        copy.write_text("".join(lines[:number]))
        refused_well(run("audit", "verify", "l.jsonl"), codes=[code])
    copy.write_text("".join([*lines[:1], *lines[-1:]]))
    refused_well(run("audit", "verify", "l.jsonl"), codes=["L102"])
