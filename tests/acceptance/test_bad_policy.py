"""Policy files that are none, for every verb that reads one: one clear message, and nothing is made."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from tests.acceptance.desk import bound_by_permissions, kept, kept_here, refused_well
from tests.samples.shop import policy

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
GOOD = policy(PERSON, retention=RULE)
VERBS = (
    "check",
    "doctor",
    "find email=a@x.example",
    "explain email=a@x.example",
    "plan retention",
    "plan erasure email=a@x.example",
    "pause RUN",
    "resume RUN",
    "status",
    "prove",
    "vouch X-1 --as dpo",
    "audit verify",
    "audit export ledger.jsonl",
)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(None, "P001", id="no file"),
        pytest.param(b"", "P006", id="empty"),
        pytest.param(bytes(range(256)), "P003", id="binary"),
    ],
)
def test_no_verb_works_without_a_policy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, verb: str, content: bytes | None, code: str
) -> None:
    if content is not None:
        (tmp_path / "kept.yaml").write_bytes(content)
    refused_well(kept_here(monkeypatch, tmp_path, "sqlite:///none.db", *verb.split()), codes=[code])
    assert not (tmp_path / ".kept").exists()
    assert not (tmp_path / "ledger.jsonl").exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(GOOD + "\n  [", "P006", id="broken YAML"),
        pytest.param('kept: "1', "P006", id="a quote that does not end"),
        pytest.param(GOOD.replace("people:", "\tpeople:"), "P006", id="a tab"),
        pytest.param(GOOD + "\nkept: 1\n", "P009", id="a section twice"),
        pytest.param(GOOD.replace("key: id,", "key: id, key: email,"), "P009", id="a key twice"),
        pytest.param(GOOD + "\nunheard-of: 1\n", "P011", id="an unknown section"),
        pytest.param(GOOD.replace("clock: UTC", "clok: UTC"), "P011", id="an unknown key"),
        pytest.param("- a\n- b\n", "P010", id="a list for the whole"),
        pytest.param(GOOD.replace("systems:\n", "systems: []\nx:\n"), "P010", id="a list for a section"),
        pytest.param(GOOD.replace("{email: email}", "[email]"), "P010", id="a list for a map"),
        pytest.param(GOOD.replace("url: env:SHOP", "url: {a: b}"), "P010", id="a map for a word"),
        pytest.param(GOOD + "# " + "x" * 1_000_000 + "\n", "P002", id="over 1 MB"),
        pytest.param(GOOD.replace("Test AS", "Te\x00st"), "P004", id="NUL"),
        pytest.param(GOOD.replace("Test AS", "Te\x1b[31mst"), "P004", id="an escape"),
        pytest.param(GOOD.replace("Test AS", "Te\u202est"), "P005", id="right-to-left override"),
        pytest.param(GOOD.replace("Test AS", "Te\u2067st"), "P005", id="right-to-left isolate"),
        pytest.param(GOOD.replace("person:", '"per\u202eson":'), "P005", id="right-to-left in a table name"),
        pytest.param(GOOD.replace("kept: 1", "kept: 2"), "P014", id="another version"),
        pytest.param(GOOD.replace("kept: 1", "%YAML 1.1\n---\nkept: 1"), "P007", id="YAML 1.1"),
        pytest.param(GOOD.replace("Test AS", "&a Test"), "P007", id="an anchor"),
        pytest.param(GOOD.replace("Test AS", "!!python/object:os.system x"), "P007", id="a tag"),
        pytest.param(GOOD + "---\nkept: 1\n", "P007", id="a second document"),
        pytest.param("kept: " + "[" * 50_000, "P008", id="very deep"),
        pytest.param(GOOD.replace("60 days", "9" * 5_000 + " days"), "P103", id="a period out of the world"),
        pytest.param(GOOD.replace("url: env:SHOP", "url: "), "P013", id="no value"),
    ],
)
def test_a_policy_with_this_fault_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, code: str
) -> None:
    (tmp_path / "kept.yaml").write_text(text, encoding="utf-8")
    for verb in ("check", "plan retention"):
        said = kept_here(monkeypatch, tmp_path, "sqlite:///none.db", *verb.split())
        refused_well(said, codes=[code])
        assert "kept.yaml:" in said.err
        assert "\u202e" not in said.all
        assert "\x1b" not in said.all


def test_a_policy_that_is_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.yaml").mkdir()
    said = kept(tmp_path, "sqlite:///none.db", "plan", "retention")
    refused_well(said, codes=["P001"])
    assert "is a directory" in said.err


def test_a_policy_this_account_may_not_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0)
    said = kept(tmp_path, "sqlite:///none.db", "plan", "retention", before=bound_by_permissions())
    refused_well(said, codes=["P001"])
    assert "permission denied" in said.err


def test_a_policy_that_links_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kept.yaml").symlink_to("kept.yaml")
    refused_well(kept(tmp_path, "sqlite:///none.db", "plan", "retention"), codes=["P001"])


def test_a_policy_without_an_end_is_refused_early(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = kept_here(monkeypatch, tmp_path, "", "check", "--policy", "/dev/zero")
    refused_well(said, codes=["P002"])


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = GOOD.replace("clock: UTC", "clok: UTC").replace("contract", "contrakt").replace("60 days", "60 dais")
    (tmp_path / "kept.yaml").write_text(text, encoding="utf-8")
    said = kept_here(monkeypatch, tmp_path, "sqlite:///none.db", "check")
    refused_well(said, codes=["P011", "P102", "P103"])
    assert "did you mean `contract`?" in said.err


@pytest.mark.parametrize(
    "name",
    [
        'two "quoted" words',
        "semi; colon -- and /* more */",
        "100 % sure",
        ":colon",
        "back\\slash",
        "Ünïcödé 🙂",
        "select",
    ],
)
def test_a_table_name_of_any_characters_is_only_a_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executescript(
            "CREATE TABLE canary (id INTEGER PRIMARY KEY); INSERT INTO canary VALUES (1);"
            f"CREATE TABLE {quoted} (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP);"
            f"INSERT INTO {quoted} VALUES (1, 'anna@x.example', '2020-01-01 00:00:00')"
        )
    written = name.replace("\\", "\\\\").replace('"', '\\"')
    (tmp_path / "kept.yaml").write_text(GOOD.replace("person:", f'"{written}":'), encoding="utf-8")
    planned = kept_here(monkeypatch, tmp_path, "sqlite:///shop.db", "plan", "retention", "--out", "p.json")
    assert planned.code == 4, planned.all
    applied = kept_here(monkeypatch, tmp_path, "sqlite:///shop.db", "apply", "p.json")
    assert applied.code == 0, applied.all
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        assert shop.execute(f"SELECT count(*) FROM {quoted}").fetchone() == (0,)


@pytest.mark.parametrize("name", ["", "no\x00thing", "x" * 5_000, "pers on", "person; DROP TABLE person"])
def test_a_table_name_that_no_table_bears_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        shop.executescript("CREATE TABLE canary (id INTEGER PRIMARY KEY); INSERT INTO canary VALUES (1)")
    written = name.replace("\x00", "\\0")
    (tmp_path / "kept.yaml").write_text(GOOD.replace("person:", f'"{written}":'), encoding="utf-8")
    refused_well(kept_here(monkeypatch, tmp_path, "sqlite:///shop.db", "plan", "retention"))
