"""Documents, the text's own version, lawful bases: present, signed, complete, in date."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from kept.law.terms import Verdict
from kept.policy.load import require
from kept.policy.model import Policy
from kept.prove.controls.papers import LARGEST, document, read_shelf
from kept.prove.controls.registry import evidence
from kept.prove.controls.witness import Inspection
from kept.prove.verdict import Evidence
from kept.texts import LANGUAGES, say

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)
PROSE = "Wir halten Wort. {D-version, D-other}\n"

POLICY = """\
kept: 1
controller: {name: Test AS, country: NO, timezone: Europe/Oslo, languages: [de], contact: privacy@test.example}
text:
  file: policy.de.md
  promises: promises.csv
  version: 2020-05-01
  says: {version: [D-version]}
people:
  customer: {role: controller}
data:
  lead: {people: [customer], categories: [contact]}
purposes:
  sales: {basis: legitimate-interests, data: [lead]}
  defence: {basis: legitimate-interests, data: [lead]}
  newsletter: {basis: consent, data: [lead]}
  all:
    basis: [consent, legitimate-interests]
    interest: purposes-all-interest.md
    says: {basis: [D-basis], interest: [D-interest]}
recipients:
  hosting: {role: processor, country: NO, purposes: [sales], data: [lead], contract: [instructions, secrecy],
            says: {contract: [D-contract]}}
  transcription: {role: processor, country: undecided, purposes: [sales], data: [lead]}
  all: {assurance: 12 months, safeguard: required, says: {assurance: [D-assurance], safeguard: [D-safeguard]}}
"""

SHELF = {
    "purposes-all-interest.md": {"clauses": "[sales, defence]", "signed": "2026-01-10", "valid-until": "2027-01-10"},
    "recipients-hosting-contract.md": {
        "clauses": "[instructions, secrecy, deletion]",
        "signed": "2024-01-10",
        "valid-until": "2027-01-10",
    },
    "recipients-hosting-assurance.md": {"clauses": "[]", "signed": "2025-06-15", "valid-until": "2027-01-10"},
    "recipients-transcription-assurance.md": {"clauses": "[]", "signed": "2026-01-10", "valid-until": "2027-01-10"},
    "recipients-transcription-safeguard.md": {"clauses": "[]", "signed": "2026-01-10", "valid-until": "2026-06-15"},
}

CASES = {
    "D-interest": "purposes-all-interest.md",
    "D-contract": "recipients-hosting-contract.md",
    "D-assurance": "recipients-transcription-assurance.md",
    "D-safeguard": "recipients-transcription-safeguard.md",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ids = sorted(set(re.findall(r"D-[a-z]+", POLICY)))
    (tmp_path / "promises.csv").write_text("id,kind,obligation\n" + "".join(f"{i},test,Zusage {i}\n" for i in ids))
    (tmp_path / "policy.de.md").write_text(PROSE)
    (tmp_path / "kept.yaml").write_text(POLICY)
    (tmp_path / "documents").mkdir()
    for name, said in SHELF.items():
        put(tmp_path, name, **said)
    return tmp_path


def put(folder: Path, name: str, **said: str) -> None:
    front = "".join(f"{key}: {value}\n" for key, value in said.items())
    (folder / "documents" / name).write_text(f"---\n{front}---\n\nText.\n")


def prove(folder: Path, promise: str, policy: Policy | None = None, **more: object) -> Evidence:
    policy = policy or require(folder / "kept.yaml")
    inspection = Inspection(policy=policy, as_of=AS_OF, shelf=read_shelf(folder / "documents"), prose=PROSE)
    inspection = replace(inspection, **more)  # type: ignore[arg-type]
    found = evidence(next(c for c in policy.citations if c.promise == promise), inspection)
    for lang in LANGUAGES:
        assert say(found.reason, lang, zone="Europe/Oslo", **dict(found.facts))
        assert say(f"{found.reason}.short", lang)
    return found


@pytest.mark.parametrize("promise", CASES)
def test_documents_that_are_signed_complete_and_in_date_are_kept(folder: Path, promise: str) -> None:
    found = prove(folder, promise)
    assert (found.verdict, found.reason) == (Verdict.KEPT, "reason.documents-hold")
    assert CASES[promise] in found.positive
    assert "sha256:" in found.positive


@pytest.mark.parametrize(("promise", "name"), CASES.items())
def test_a_missing_document_is_broken_and_named(folder: Path, promise: str, name: str) -> None:
    (folder / "documents" / name).unlink()
    found = prove(folder, promise)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.document-missing")
    assert sum(count.violations for count in found.counts) >= 1


@pytest.mark.parametrize(("promise", "name"), CASES.items())
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"valid-until": "2026-06-14"}, "reason.document-expired"),
        ({"signed": "2026-06-16"}, "reason.document-unsigned"),
        ({"signed": "soon"}, "reason.document-unsigned"),
        ({"valid-until": "[]"}, "reason.document-undated"),
    ],
)
def test_a_document_out_of_date_or_unsigned_is_broken(
    folder: Path, promise: str, name: str, changed: dict[str, str], reason: str
) -> None:
    put(folder, name, **(SHELF[name] | changed))
    found = prove(folder, promise)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, reason)


def test_a_document_holds_on_its_last_day(folder: Path) -> None:
    # valid until the very day of the proof
    assert prove(folder, "D-safeguard").verdict is Verdict.KEPT


def test_a_proof_of_security_older_than_promised_is_broken_although_it_says_otherwise(folder: Path) -> None:
    name = "recipients-hosting-assurance.md"
    put(folder, name, **(SHELF[name] | {"signed": "2025-06-14"}))
    found = prove(folder, "D-assurance")
    assert (found.reason, dict(found.facts)["until"]) == ("reason.document-expired", "2026-06-14")


def test_a_contract_without_a_promised_clause_is_broken(folder: Path) -> None:
    name = "recipients-hosting-contract.md"
    put(folder, name, **(SHELF[name] | {"clauses": "[instructions]"}))
    found = prove(folder, "D-contract")
    assert (found.reason, dict(found.facts)["clause"]) == ("reason.clause-missing", "secrecy")


def test_a_new_purpose_that_the_balancing_test_does_not_weigh_breaks_it(folder: Path) -> None:
    text = POLICY.replace("  newsletter:", "  profiling: {basis: legitimate-interests, data: [lead]}\n  newsletter:")
    (folder / "kept.yaml").write_text(text)
    found = prove(folder, "D-interest")
    assert (found.reason, dict(found.facts)["clause"]) == ("reason.clause-missing", "profiling")


def test_a_document_of_its_own_need_not_name_its_purpose(folder: Path) -> None:
    put(folder, "purposes-all-interest.md", **(SHELF["purposes-all-interest.md"] | {"clauses": "[sales]"}))
    put(folder, "purposes-defence-interest.md", signed="2026-01-10", **{"valid-until": "2027-01-10"})
    assert prove(folder, "D-interest").verdict is Verdict.KEPT


def test_a_recipient_in_the_eea_needs_no_safeguard_and_one_of_unknown_country_does(folder: Path) -> None:
    found = prove(folder, "D-safeguard")
    assert [count.place for count in found.counts] == ["documents/recipients-transcription-safeguard.md"]


@pytest.mark.parametrize("promise", CASES)
def test_without_a_folder_of_documents_nothing_is_proven(folder: Path, promise: str) -> None:
    found = prove(folder, promise, shelf=read_shelf(folder / "nowhere"))
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.no-documents")


@pytest.mark.parametrize(
    "content",
    [b"", b"# no front matter", b"---\nsigned: 2026-01-01\n", b"---\n- a\n- b\n---\n", b"---\n: [\n---\n", b"\xff\xfe"],
)
def test_unreadable_front_matter_is_a_fault_of_the_document_not_a_crash(folder: Path, content: bytes) -> None:
    (folder / "documents" / "recipients-hosting-contract.md").write_bytes(content)
    assert prove(folder, "D-contract").reason == "reason.document-unreadable"


def test_a_huge_document_is_not_read(folder: Path) -> None:
    path = folder / "documents" / "recipients-hosting-contract.md"
    path.write_bytes(path.read_bytes() + b"x" * LARGEST)
    assert prove(folder, "D-contract").reason == "reason.document-unreadable"


def test_front_matter_gives_dates_and_clauses() -> None:
    read = document("a.md", b"---\nclauses: [x, 7]\nsigned: '2026-01-02'\nvalid-until: 2027-01-02T10:00:00\n---\n")
    assert (read.clauses, read.signed, read.valid_until) == (("x", "7"), date(2026, 1, 2), date(2027, 1, 2))


# bases


def test_every_purpose_names_a_basis_of_the_list(folder: Path) -> None:
    found = prove(folder, "D-basis")
    assert (found.verdict, dict(found.facts)["n"]) == (Verdict.KEPT, "3")


def test_a_purpose_outside_the_list_of_bases_is_broken(folder: Path) -> None:
    (folder / "kept.yaml").write_text(POLICY.replace("{basis: consent", "{basis: contract"))
    found = prove(folder, "D-basis")
    assert (found.reason, dict(found.facts)["purpose"]) == ("reason.purpose-without-basis", "newsletter")


def test_a_purpose_with_an_undecided_basis_is_broken(folder: Path) -> None:
    (folder / "kept.yaml").write_text(POLICY.replace("{basis: consent", "{basis: undecided"))
    assert prove(folder, "D-basis").verdict is Verdict.BROKEN


# the text


def test_a_version_whose_words_are_the_known_ones_stands(folder: Path) -> None:
    first = prove(folder, "D-version")
    assert (first.verdict, first.reason) == (Verdict.KEPT, "reason.version-stands")
    assert first.positive == "text {D-version}"


def test_a_text_changed_under_the_same_date_is_broken(folder: Path) -> None:
    found = prove(folder, "D-version", texts={"2020-05-01": "0" * 64})
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.text-changed")


def test_a_text_changed_with_its_date_is_kept(folder: Path) -> None:
    assert prove(folder, "D-version", texts={"2019-01-01": "0" * 64}).verdict is Verdict.KEPT


@pytest.mark.parametrize(
    ("prose", "reason"),
    [
        (None, "reason.text-unreadable"),
        ("", "reason.text-unreadable"),
        ("Wir halten Wort. {D-versions}", "reason.sentence-missing"),
    ],
)
def test_a_text_that_cannot_be_read_or_lacks_the_sentence_proves_nothing(
    folder: Path, prose: str | None, reason: str
) -> None:
    found = prove(folder, "D-version", prose=prose)
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, reason)


def test_a_version_of_tomorrow_is_not_in_force(folder: Path) -> None:
    (folder / "kept.yaml").write_text(POLICY.replace("version: 2020-05-01", "version: 2026-06-16"))
    assert prove(folder, "D-version").reason == "reason.not-in-force"
