"""A command line that cannot be meant: one clear message with the next step, and nothing that was typed is repeated."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest
from tests.acceptance.desk import Said, kept, kept_here, refused_well
from tests.samples.shop import LONG_AGO, policy

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
ANNA = "anna@secret-house.example"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy and its database; Anna is in it."""
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executescript(
            "CREATE TABLE canary (id INTEGER PRIMARY KEY); INSERT INTO canary VALUES (1);"
            "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP);"
            f"INSERT INTO person VALUES (1, '{ANNA}', '{LONG_AGO}'), (2, 'bob@x.example', '{LONG_AGO}')"
        )
    (tmp_path / "kept.yaml").write_text(policy(PERSON, retention=RULE), encoding="utf-8")
    return tmp_path


def spoken(monkeypatch: pytest.MonkeyPatch, folder: Path, line: str, given: bytes = b"") -> Said:
    return kept_here(monkeypatch, folder, "sqlite:///shop.db", *line.split(), given=given)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("frobnicate", "P001"),
        (ANNA, "P001"),
        ("--policy kept.yaml plan", "P001"),
        ("plan", "P001"),
        ("plan everything", "P001"),
        (f"plan {ANNA}", "P001"),
        (f"plan retention email={ANNA}", "P001"),
        ("plan retention --out", "P001"),
        ("plan retention --bogus", "P001"),
        (f"plan erasure {ANNA}", "R101"),
        (f"plan erasure email={ANNA} --phone=030123456", "P001"),
        ("plan erasure", "R101"),
        ("plan erasure email=anna", "R101"),
        ("plan erasure =", "R101"),
        ("plan erasure phone=+4930123456", "R102"),
        ("plan retention --as-of yesterday", "P021"),
        (f"plan retention --as-of {ANNA}", "P021"),
        (f"find --email={ANNA}", "P001"),
        (f"find -{ANNA}", "P001"),
        ("find -", "R101"),
        ("explain", "R101"),
        ("explain Z999", "P001"),
        (f"status {ANNA}", "P001"),
        (f"apply plan.json {ANNA}", "P001"),
        ("apply", "P001"),
        ("approve plan.json", "P001"),
        ("resume no-such-run", "S320"),
        ("vouch VCL-1 --as dpo", "R103"),
        ("vouch --as dpo", "R103"),
        (f"prove --lang={ANNA}", "P001"),
        (f"prove --lang {ANNA}", "P001"),
        (f"prove --json={ANNA}", "P001"),
        (f"audit {ANNA}", "P001"),
        ("audit export", "L120"),
        ("audit verify none.jsonl", "L120"),
        ("audit verify .", "L120"),
        ("audit verify --witness 7", "L120"),
        ("audit verify kept.yaml --key zz", "L120"),
        ("audit verify kept.yaml", "L109"),
        ("demo nothing", "P001"),
        (f"demo --people {ANNA}", "P001"),
        ("init env:NO_SUCH_VARIABLE", "S201"),
        ("init nonsense", "S202"),
        ("init sqlite:///none.db", "S204"),
    ],
)
def test_a_line_that_cannot_be_meant_is_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, line: str, code: str
) -> None:
    refused_well(spoken(monkeypatch, folder, line), "secret-house", "030123456", codes=[code])


def test_a_verb_that_was_misspelt_is_guessed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    said = spoken(monkeypatch, folder, "aply plan.json")
    refused_well(said, codes=["P001"])
    assert "did you mean `kept apply`?" in said.err


@pytest.mark.parametrize("line", ["find -", "find --json -", "find - --json", "explain -", "plan erasure - --json"])
def test_a_lone_hyphen_reads_the_person_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, folder: Path, line: str
) -> None:
    said = spoken(monkeypatch, folder, line, f"email={ANNA.upper()}\n".encode())
    assert said.code in {0, 4}, said.all
    assert "person" in said.out
    assert "secret-house" not in said.all.lower()


@pytest.mark.parametrize(
    "line",
    ["plan retention --out PLACE", "prove --html PLACE", "audit export PLACE", "plan retention --out PLACE --json"],
)
@pytest.mark.parametrize("place", ["/nowhere/at/all/file", ".", "kept.yaml/file", "/dev/full"])
def test_a_file_that_cannot_be_written_is_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, line: str, place: str
) -> None:
    if place == "/dev/full" and not Path(place).exists():
        pytest.skip("this system has no /dev/full: not run")
    said = spoken(monkeypatch, folder, line.replace("PLACE", place))
    refused_well(said)
    reasons = [errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENOSPC]
    assert any(os.strerror(reason).lower() in said.err for reason in reasons)


@pytest.mark.parametrize("line", ["", "--help", "--version", "plan --help", "--help plan"])
def test_help_is_no_refusal(folder: Path, line: str) -> None:
    said = kept(folder, "", *line.split())
    assert (said.code, said.err) == (0, "")
    assert said.out.strip()


# Known faults, each where it was found.

_INSTANTS = "an instant at the ends of the calendar overflows (context._instant takes any year)"


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59+00:00", "0001-01-01", "0001-01-01T00:00+14:00"])
def test_an_instant_at_the_ends_of_the_calendar_is_refused(
    monkeypatch: pytest.MonkeyPatch, folder: Path, at: str
) -> None:
    refused_well(spoken(monkeypatch, folder, f"plan retention --as-of {at}"), codes=["P021"])


def test_standard_input_that_is_no_text_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    refused_well(spoken(monkeypatch, folder, "find -", b"email=\xff\xfe@x.example\n"), codes=["R101"])


def test_pausing_a_run_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    refused_well(spoken(monkeypatch, folder, "pause no-such-run"), codes=["S320"])


@pytest.mark.parametrize("role", ["", "x\u202ey", "two\nlines", "r" * 5000])
def test_a_role_that_is_no_word_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path, role: str) -> None:
    assert spoken(monkeypatch, folder, "plan retention --out plan.json").code == 4
    refused_well(kept_here(monkeypatch, folder, "sqlite:///shop.db", "approve", "plan.json", "--as", role))


@pytest.mark.parametrize(
    "line", ["--people -3", "--url oracle://u:s3cret@h/d", "--url postgresql://u:s3cret@127.0.0.1:1/d"]
)
def test_a_demo_that_cannot_be_built_is_refused(monkeypatch: pytest.MonkeyPatch, folder: Path, line: str) -> None:
    refused_well(spoken(monkeypatch, folder, f"demo {line}"), "s3cret")
