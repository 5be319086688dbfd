"""The video business: its texts agree with each other, its generator does what it says, its faults are counted."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT))

from examples.video import build, sabotage  # noqa: E402
from examples.video.schema import METADATA  # noqa: E402

from kept.law.terms import Verdict  # noqa: E402
from kept.policy.load import load_policy  # noqa: E402
from kept.policy.model import Policy  # noqa: E402
from kept.policy.text import Sentence, read_prose  # noqa: E402
from kept.prove.controls import retention  # noqa: E402
from kept.prove.controls.papers import read_shelf  # noqa: E402
from kept.prove.controls.registry import evidence, runs  # noqa: E402
from kept.prove.controls.witness import Inspection, Witness  # noqa: E402
from kept.prove.verdict import Evidence  # noqa: E402
from kept.systems.sql.system import open_system  # noqa: E402

VIDEO = ROOT / "examples" / "video"
AS_OF = date(2026, 11, 24)
PEOPLE = 400
ALL = [f"VCL-{number}" for number in range(1, 158)]
RETENTION = {("retention", key): retention.retention for key in ("keep", "from", "then", "ground")}


@pytest.fixture(scope="module")
def policy() -> Policy:
    loaded = load_policy(VIDEO / "kept.yaml")
    assert loaded.policy is not None, [found.message for found in loaded.errors]
    return loaded.policy


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, build.Built]:
    path = tmp_path_factory.mktemp("video") / "shop.db"
    return path, build.build(f"sqlite:///{path}", people=PEOPLE, seed=1, as_of=AS_OF)


@pytest.fixture
def copy(shop: tuple[Path, build.Built], tmp_path: Path) -> str:
    """A database of one test's own."""
    path = tmp_path / "shop.db"
    path.write_bytes(shop[0].read_bytes())
    return f"sqlite:///{path}"


def one(path: Path, query: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


def prose(language: str) -> tuple[Sentence, ...]:
    sentences, findings = read_prose(VIDEO / f"policy.{language}.md")
    assert findings == ()
    return sentences


def register() -> list[dict[str, str]]:
    with (VIDEO / "promises.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def proven(policy: Policy, url: str) -> dict[str, Evidence]:
    system = policy.systems[0]
    port = open_system(system, zone=policy.controller.timezone, env={"VIDEO_SHOP_URL": url}, readonly=True)
    inspection = Inspection(
        policy=policy,
        as_of=datetime(2026, 11, 24, 12, tzinfo=UTC),
        witnesses=(Witness(system, port),),
        shelf=read_shelf(VIDEO / "documents"),
        prose=(VIDEO / "policy.de.md").read_text(encoding="utf-8"),
    )
    try:
        return {c.promise: evidence(c, inspection, RETENTION) for c in policy.citations}
    finally:
        port.engine.dispose()


# Texts


@pytest.mark.parametrize("language", ["de", "en"])
def test_every_promise_stands_once_in_the_published_text_and_in_order(language: str) -> None:
    assert [promise for sentence in prose(language) for promise in sentence.promises] == ALL


def test_both_languages_have_the_same_sections_paragraphs_and_items() -> None:
    shapes = [[(s.heading, s.item, s.promises, bool(s.text)) for s in prose(language)] for language in ("de", "en")]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("language", ["de", "en"])
def test_running_text_without_a_promise_only_leads_into_a_list(language: str) -> None:
    loose = [s.text for s in prose(language) if not s.promises and not s.heading]
    assert all(text.endswith(":") for text in loose)
    assert len(loose) == 3


def test_the_register_has_a_german_and_an_english_wording_of_every_promise() -> None:
    rows = register()
    assert [row["id"] for row in rows] == ALL
    assert all(row["kind"] and row["obligation"] and row["obligation_de"] for row in rows)
    for column in ("obligation", "obligation_de"):
        assert max(Counter(row[column] for row in rows).values()) == 1


def test_the_policy_cites_every_promise_exactly_once(policy: Policy) -> None:
    assert sorted(Counter(c.promise for c in policy.citations).values()) == [1] * 157
    assert {c.promise for c in policy.citations} == set(ALL)


def test_the_policy_loads_with_no_other_warning_than_the_numbers_the_text_does_not_give(policy: Policy) -> None:
    loaded = load_policy(VIDEO / "kept.yaml")
    assert {found.code for found in loaded.findings} == {"P125"}
    assert {c.promise for c in policy.citations if c.undecided} == {"VCL-66", "VCL-97"}


def test_more_than_forty_promises_are_bound_to_controls_that_run(policy: Policy) -> None:
    assert sum(runs(citation, RETENTION) for citation in policy.citations) >= 40


@pytest.mark.parametrize("name", ["policy.de.md", "policy.en.md", "kept.yaml", "promises.csv", "words.py", "talks.py"])
def test_every_address_lies_in_a_domain_nobody_can_own(name: str) -> None:
    text = (VIDEO / name).read_text(encoding="utf-8")
    domains = re.findall(r"(?:@|https?://|www\.)((?:[\w-]+\.)+[a-z]{2,})", text)
    assert [domain for domain in domains if not domain.endswith(".example")] == []


def test_two_request_addresses_lie_on_other_domains_as_in_the_original() -> None:
    text = (VIDEO / "policy.de.md").read_text(encoding="utf-8")
    domains = dict(re.findall(r"privacy@([\w.-]+\.example)[^{}]*\{(VCL-\d+)\}", text))
    foreign = {promise: domain for domain, promise in domains.items() if domain != "klarsyn.example"}
    assert foreign == {"VCL-70": "clear-syn.example", "VCL-98": "bygget.example"}


def words(text: str) -> list[str]:
    return re.findall(r"[\w@.-]*\w", text.lower())


def runs_of_words(text: str, length: int) -> set[tuple[str, ...]]:
    stream = words(text)
    return {tuple(stream[at : at + length]) for at in range(len(stream) - length + 1)}


@pytest.mark.parametrize("name", ["policy.de.md", "policy.en.md", "promises.csv"])
def test_no_eight_words_in_a_row_are_taken_from_the_text_that_was_the_model(name: str) -> None:
    folder = os.environ.get("KEPT_REGISTER")
    if not folder:
        pytest.skip("KEPT_REGISTER is not set")
    model = (Path(folder) / "seeds" / "vclerk.txt").read_text(encoding="utf-8")
    with (Path(folder) / "promises.csv").open(encoding="utf-8", newline="") as file:
        model += " ".join(" ".join(row.values()) for row in csv.DictReader(file) if row["id"].startswith("VCL-"))
    ours = re.sub(r"\{[^}]*\}", "", (VIDEO / name).read_text(encoding="utf-8"))
    assert runs_of_words(ours, 8) & runs_of_words(model, 8) == set()


def test_exactly_one_document_has_run_out() -> None:
    documents = read_shelf(VIDEO / "documents").documents
    assert all(document.readable and document.clauses and document.signed for document in documents.values())
    ended = [d.name for d in documents.values() if d.valid_until is None or d.valid_until < AS_OF]
    assert ended == ["recipients-transcription-assurance.md"]


def test_documents_laid_out_for_another_year_are_as_fresh_as_these(tmp_path: Path) -> None:
    later = date(2031, 3, 1)
    build.build(f"sqlite:///{tmp_path / 'shop.db'}", people=100, as_of=later, documents=tmp_path / "documents")
    laid = read_shelf(tmp_path / "documents").documents
    assert laid.keys() == read_shelf(VIDEO / "documents").documents.keys()
    ended = [d.name for d in laid.values() if d.valid_until is None or d.valid_until < later]
    assert ended == ["recipients-transcription-assurance.md"]
    assert all(d.signed and d.signed <= later for d in laid.values())


# The generator


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(path)
    try:
        return {
            table.name: sorted(connection.execute(f'SELECT * FROM "{table.name}"'), key=repr)
            for table in METADATA.sorted_tables
        }
    finally:
        connection.close()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.db" for number in range(3)]
    for path, seed in zip(paths, (5, 5, 6), strict=True):
        build.build(f"sqlite:///{path}", people=150, seed=seed, as_of=AS_OF)
    first, second, other = (contents(path) for path in paths)
    assert first == second
    assert first["account_user"] != other["account_user"]


def test_counts_are_the_rows_that_were_written(shop: tuple[Path, build.Built]) -> None:
    path, built = shop
    assert dict(built.counts) == {name: one(path, f'SELECT count(*) FROM "{name}"') for name in built.counts}
    assert built.counts["account_user"] == PEOPLE


def test_about_twelve_percent_of_the_accounts_are_closed_and_the_first_is_open(shop: tuple[Path, build.Built]) -> None:
    path, built = shop
    closed = one(path, "SELECT count(*) FROM account WHERE closed_at IS NOT NULL")
    assert closed / built.counts["account"] == pytest.approx(0.12, abs=0.01)
    assert one(path, "SELECT count(*) FROM account WHERE id = 1 AND closed_at IS NULL") == 1
    assert one(path, "SELECT count(*) FROM account_user WHERE email = 'anke.moeller@nordlicht-moebel.example'") == 1


LATE = "JOIN account a ON a.id = t.account_id WHERE a.closed_at < datetime('2026-11-24 12:00', '{}')"
DAYS_60, YEARS_3, YEARS_7 = (LATE.format(ago) for ago in ("-60 days", "-3 years", "-7 years"))
OF_USER = f"SELECT count(*) FROM {{}} l JOIN account_user t ON t.id = l.user_id {DAYS_60}"
INDEPENDENT = {
    ("VCL-65", "crm_contact"): f"SELECT count(*) FROM crm_contact t {YEARS_7}",
    ("VCL-67", "support_record"): f"SELECT count(*) FROM support_record t {YEARS_3}",
    ("VCL-68", "account"): (
        "SELECT count(*) FROM account WHERE closed_at < datetime('2026-11-24 12:00', '-60 days')"
        " AND coalesce(company, organisation, vat_id, billing_address) IS NOT NULL"
    ),
    ("VCL-68", "account_user"): f"SELECT count(*) FROM account_user t {DAYS_60}",
    ("VCL-68", "api_key"): f"SELECT count(*) FROM api_key t {DAYS_60}",
    ("VCL-68", "api_request"): f"SELECT count(*) FROM api_request r JOIN api_key t ON t.id = r.key_id {DAYS_60}",
    ("VCL-68", "dashboard_login"): OF_USER.format("dashboard_login"),
    ("VCL-68", "last_login"): OF_USER.format("last_login"),
    ("VCL-9", "web_form"): "SELECT count(*) FROM web_form WHERE form IS NULL",
    ("VCL-10", "crm_contact"): "SELECT count(*) FROM crm_contact WHERE source IS NULL",
    ("VCL-34", "support_record"): "SELECT count(*) FROM support_record WHERE team IS NULL",
    ("VCL-57", "dashboard_login"): "SELECT count(*) FROM dashboard_login WHERE length(country) <> 2",
    ("VCL-87", "call"): """SELECT count(*) FROM "call" WHERE note LIKE '%@%' OR note LIKE '%+49%'""",
    ("VCL-37", "support_record"): (
        "SELECT count(*) FROM support_record WHERE body LIKE '%4242 4242 4242 4242%' OR body LIKE '%5555 5555 5555%'"
        " OR body LIKE '%4000 0566%' OR body LIKE '%sk_live_%'"
    ),
    ("VCL-138", "support_record"): "SELECT count(*) FROM support_record WHERE body LIKE '%sk\\_live\\_%' ESCAPE '\\'",
    ("VCL-138", "product"): "SELECT count(*) FROM product WHERE description LIKE '%sk\\_live\\_%' ESCAPE '\\'",
    ("VCL-142", "account_user"): "SELECT count(*) FROM account_user WHERE country = 'US' AND born > '2013-11-24'",
    ("VCL-143", "account_user"): (
        "SELECT count(*) FROM account_user WHERE country IN ('DE','AT','NO','DK','SE','IE') AND born > '2010-11-24'"
    ),
}


@pytest.mark.parametrize(("promise", "table"), list(INDEPENDENT))
def test_a_planted_fault_is_there_as_often_as_said(shop: tuple[Path, build.Built], promise: str, table: str) -> None:
    path, built = shop
    planted = built.planted[promise][table]
    assert planted > 0
    assert one(path, INDEPENDENT[promise, table]) == planted


@pytest.mark.parametrize(("people", "seed"), [(100, 7), (700, 2), (1500, 3)])
def test_overdue_rows_are_those_planted_whatever_the_seed(tmp_path: Path, people: int, seed: int) -> None:
    path = tmp_path / "shop.db"
    built = build.build(f"sqlite:///{path}", people=people, seed=seed, as_of=AS_OF)
    for (promise, table), query in INDEPENDENT.items():
        assert one(path, query) == built.planted[promise][table], (promise, table)


def test_every_planted_promise_is_counted_by_a_query_of_its_own(shop: tuple[Path, build.Built]) -> None:
    alike = {"VCL-20": "VCL-9", "VCL-22": "VCL-9", "VCL-27": "VCL-10", "VCL-28": "VCL-10", "VCL-29": "VCL-10"}
    planted = shop[1].planted
    assert all(planted[promise] == planted[same] for promise, same in alike.items())
    places = {(p, t) for p, tables in planted.items() for t in tables if t != "documents" and p not in alike}
    assert places == set(INDEPENDENT)


def test_near_misses_are_present_and_are_not_counted(shop: tuple[Path, build.Built]) -> None:
    path, _ = shop
    assert one(path, "SELECT count(*) FROM support_record WHERE body LIKE '%4242 4242 4242 4241%'") > 0
    young = "SELECT count(*) FROM account_user WHERE born > '2010-11-23'"
    assert (
        one(path, f"{young} AND born = '2010-11-24' AND country = 'DE'")
        + one(path, f"{young} AND country = 'US' AND born < '2013-11-24'")
        == 2
    )


def test_invoices_of_closed_accounts_stay(shop: tuple[Path, build.Built]) -> None:
    late = f"SELECT count(*) FROM invoice t {YEARS_7}"
    assert one(shop[0], late) > 0


def test_addresses_in_the_shop_end_in_example(shop: tuple[Path, build.Built]) -> None:
    for table, column in (
        ("account_user", "email"), ("crm_contact", "email"), ("web_form", "email"), ("site_chat", "email"),
        ("marketing_pref", "email"), ("consent", "subject"), ("support_record", "contact"),
    ):  # fmt: skip
        strange = f"SELECT count(*) FROM {table} WHERE {column} NOT LIKE '%@%.example'"
        assert one(shop[0], strange) == 0, table


def test_too_few_people_are_refused_before_anything_is_dropped(copy: str) -> None:
    with pytest.raises(ValueError, match="at least 100"):
        build.build(copy, people=99, as_of=AS_OF)
    assert one(Path(copy.removeprefix("sqlite:///")), "SELECT count(*) FROM account_user") == PEOPLE


def test_the_command_builds_from_another_folder_and_says_what_it_built(tmp_path: Path) -> None:
    command = [sys.executable, str(VIDEO / "build.py"), "--url", "sqlite:///x.db", "--people", "100", "--seed", "3"]
    done = subprocess.run([*command, "--as-of", "2026-11-24"], cwd=tmp_path, check=True, capture_output=True)
    built = json.loads(done.stdout)
    assert built["counts"]["account_user"] == 100
    assert built["planted"]["VCL-110"] == {"documents": 1}


# What Kept sees


def test_kept_finds_what_was_planted_and_nothing_undeclared(policy: Policy, shop: tuple[Path, build.Built]) -> None:
    path, built = shop
    seen = proven(policy, f"sqlite:///{path}")
    broken = {promise for promise, found in seen.items() if found.verdict is Verdict.BROKEN}
    assert broken == {*built.planted, "VCL-70", "VCL-94", "VCL-98"}  # the last three are faults of the text
    assert {seen[p].verdict for p in ("VCL-6", "VCL-7", "VCL-23", "VCL-38", "VCL-44", "VCL-50")} == {Verdict.KEPT}


@pytest.mark.parametrize("promise", ["VCL-65", "VCL-67", "VCL-68"])
def test_kept_counts_overdue_rows_as_the_generator_does(
    policy: Policy, shop: tuple[Path, build.Built], promise: str
) -> None:
    path, built = shop
    counts = proven(policy, f"sqlite:///{path}")[promise].counts
    found = {count.place.removeprefix("shop."): count.violations for count in counts if count.violations}
    assert found == built.planted[promise]


def test_kept_finds_as_many_minors_as_the_generator_planted(policy: Policy, shop: tuple[Path, build.Built]) -> None:
    path, built = shop
    counts = proven(policy, f"sqlite:///{path}")["VCL-142"].counts
    found = {count.place.rpartition(" ")[0].rpartition(" ")[2]: count.violations for count in counts}
    assert found["US"] == built.planted["VCL-142"]["account_user"]
    assert found["EEA"] == built.planted["VCL-143"]["account_user"]


# Sabotage


def schema_and_rows(url: str) -> list[str]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        named = connection.execute("SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2").fetchall()
        columns = [
            connection.execute(f'PRAGMA table_info("{name}")').fetchall() for kind, name, _ in named if kind == "table"
        ]
        rows = connection.execute("SELECT * FROM support_record ORDER BY id").fetchall()
        return [repr(named), repr(columns), repr(rows)]
    finally:
        connection.close()


SABOTAGES = {
    "hide_overdue": (sabotage.hide_overdue, sabotage.undo_hide_overdue, "VCL-67"),
    "copy_deleted": (sabotage.copy_deleted, sabotage.undo_copy_deleted, "VCL-67"),
    "unmapped_column": (sabotage.unmapped_column, sabotage.undo_unmapped_column, "VCL-44"),
}


@pytest.mark.parametrize("name", list(SABOTAGES))
def test_undoing_a_sabotage_leaves_no_trace(copy: str, name: str) -> None:
    cheat, undo, _ = SABOTAGES[name]
    before = schema_and_rows(copy)
    cheat(copy)
    assert schema_and_rows(copy) != before
    undo(copy)
    assert schema_and_rows(copy) == before


@pytest.fixture
def mended(copy: str) -> str:
    """The shop after a plan was carried out: nothing is overdue."""
    connection = sqlite3.connect(copy.removeprefix("sqlite:///"))
    closed = "SELECT id FROM account WHERE closed_at < datetime('2026-11-24 12:00', '-3 years')"
    connection.execute(f"DELETE FROM support_record WHERE account_id IN ({closed})")
    connection.commit()
    connection.close()
    return copy


@pytest.mark.parametrize("name", list(SABOTAGES))
def test_a_promise_that_was_kept_is_kept_no_longer_after_a_sabotage(policy: Policy, mended: str, name: str) -> None:
    cheat, undo, promise = SABOTAGES[name]
    assert proven(policy, mended)[promise].verdict is Verdict.KEPT
    cheat(mended)
    assert proven(policy, mended)[promise].verdict in {Verdict.BROKEN, Verdict.UNPROVEN}
    undo(mended)
    assert proven(policy, mended)[promise].verdict is Verdict.KEPT


def test_hidden_records_are_overdue_and_out_of_sight(mended: str) -> None:
    path = Path(mended.removeprefix("sqlite:///"))
    sabotage.hide_overdue(mended)
    assert one(path, f"SELECT count(*) FROM support_record_all t {YEARS_3}") == sabotage.OVERDUE
    assert one(path, f"SELECT count(*) FROM support_record t {YEARS_3}") == 0


def test_the_trigger_copies_what_is_deleted(mended: str) -> None:
    path = Path(mended.removeprefix("sqlite:///"))
    sabotage.copy_deleted(mended)
    connection = sqlite3.connect(path)
    connection.execute("DELETE FROM support_record WHERE id IN (SELECT id FROM support_record LIMIT 4)")
    connection.commit()
    connection.close()
    assert one(path, "SELECT count(*) FROM support_archive") == 4


def test_building_anew_removes_every_sabotage(copy: str) -> None:
    before = schema_and_rows(copy)
    sabotage.copy_deleted(copy)
    sabotage.unmapped_column(copy)
    sabotage.undo_copy_deleted(copy)
    sabotage.hide_overdue(copy)
    build.build(copy, people=PEOPLE, seed=1, as_of=AS_OF)
    assert schema_and_rows(copy) == before
