"""Findings as a reader sees them: place, line, carets, article, next step, count."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kept.policy.check import check_file
from kept.policy.findings import Finding, Severity, Span
from kept.policy.render import as_text, count

BAD = """\
kept: 1
controller: {name: A, country: DE, timezone: Europe/Berlin, languages: [de]}
people: {customer: {role: controller}}
data:
  account: {people: [customer]}
purposes:
  newsletter:      {basis: concent, data: [acount, account]}
retention:
  account: {from: account-closed, keep: at most 60 days, then: delete}
  again: {data: [account], from: account-closed, keep: at most 1 year, then: delete}
"""

TOLD = """\
bad.yaml:7:28: error[P102]: unknown word `concent`
   7 |   newsletter:      {basis: concent, data: [acount, account]}
     |                            ^^^^^^^ did you mean `consent`?
     = why:  Art. 6(1) GDPR: lawful basis
     = help: one of consent, contract, legal-obligation, vital-interests, public-task, legitimate-interests

bad.yaml:7:44: error[P101]: `acount` is not declared under data
   7 |   newsletter:      {basis: concent, data: [acount, account]}
     |                                            ^^^^^^ did you mean `account`?
     = help: one of account, all

bad.yaml:10:56: error[T304]: a second ceiling on `account` from `account-closed`
  10 |   again: {data: [account], from: account-closed, keep: at most 1 year, then: delete}
     |                                                        ^^^^^^^^^^^^^^
   9 |   account: {from: account-closed, keep: at most 60 days, then: delete}
     |                                         ^^^^^^^^^^^^^^^ `account` has one
     = why:  Art. 5(1)(e) GDPR: storage limitation
     = help: keep one of the two rules for this kind

3 errors in bad.yaml
"""


def test_a_bad_policy_is_told_like_this(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text(BAD, encoding="utf-8")
    assert check_file(Path("bad.yaml")).text() == TOLD


def test_a_sound_policy_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text(BAD.split("people:", maxsplit=1)[0], encoding="utf-8")
    assert check_file(path).text() == "no findings in kept.yaml\n"


def one(line: str, span: Span, message: str = "wrong") -> list[str]:
    finding = Finding(code="P102", message=message, spans=(span,))
    return as_text([finding], {"a": [line]}, "a").splitlines()


def test_carets_stand_under_wide_and_combining_characters() -> None:
    _, shown, carets, *_ = one("x: 日本e\u0301 bad", Span(file="a", line=1, column=9, width=3))
    assert shown == "   1 | x: 日本e\u0301 bad"
    assert carets == "     | " + " " * len("x: ") + " " * 4 + " " * 2 + "^^^"


def test_a_tab_takes_one_column() -> None:
    assert one("a:\tbad", Span(file="a", line=1, column=4, width=3))[1:3] == ["   1 | a: bad", "     |    ^^^"]


@pytest.mark.parametrize("hostile", ["\x1b[31m", "\u202e", "\r", "\u200b", "\x07"])
def test_nothing_in_a_file_or_message_moves_the_cursor(hostile: str) -> None:
    told = one(f"a: {hostile}bad", Span(file="a", line=1, column=1, note=hostile), f"no {hostile}")
    assert hostile not in "\n".join(told)


def test_a_long_line_is_cut_around_its_place() -> None:
    told = one("x" * 5000 + "bad" + "y" * 5000, Span(file="a", line=1, column=5001, width=3))
    assert all(len(line) < 200 for line in told)
    assert told[1].index("bad") == told[2].index("^^^")


@pytest.mark.parametrize("span", [Span(file="a", line=99, column=1), Span(file="b", line=1, column=1)])
def test_a_place_without_a_line_is_told_without_one(span: Span) -> None:
    assert len(one("x", span)) == 3


def test_a_place_in_no_file_is_told() -> None:
    finding = Finding(code="S201", message="no answer", where="shop", help="start it")
    assert as_text([finding], {}, "kept.yaml") == (
        "shop: error[S201]: no answer\n     = help: start it\n\n1 error in kept.yaml\n"
    )


def test_a_second_place_in_another_file_names_it() -> None:
    spans = (Span(file="a", line=1, column=1), Span(file="b", line=1, column=2, width=2))
    told = as_text([Finding(code="P126", message="m", spans=spans)], {"a": ["xy"], "b": ["pqr"]}, "a").splitlines()
    assert told[3:6] == ["  b:1:2", "   1 | pqr", "     |  ^^"]


@pytest.mark.parametrize(
    ("severities", "told"),
    [("", "no findings"), ("e", "1 error"), ("w", "1 warning"), ("eew", "2 errors, 1 warning"), ("ww", "2 warnings")],
)
def test_findings_are_counted_in_words(severities: str, told: str) -> None:
    kinds = {"e": Severity.ERROR, "w": Severity.WARNING}
    assert count([Finding(code="P102", message="m", severity=kinds[s]) for s in severities]) == told


def test_json_holds_what_the_text_holds(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text(BAD, encoding="utf-8")
    values = json.loads(json.dumps(check_file(path).values()))
    assert (values["version"], values["errors"], values["warnings"]) == (1, 3, 0)
    first = values["findings"][0]
    assert first["pointer"] == f"{path}:7:28"
    assert first["spans"] == [
        {"file": str(path), "line": 7, "column": 28, "width": 7, "note": "did you mean `consent`?"}
    ]
    assert (first["code"], first["severity"], first["fix"]) == ("P102", "error", "consent")
    assert first["why"] == "Art. 6(1) GDPR: lawful basis"


def test_applying_every_fix_repairs_what_was_misspelt(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text(BAD, encoding="utf-8")
    lines = BAD.split("\n")
    for finding in sorted(check_file(path).findings, key=lambda f: -f.spans[0].column):
        if finding.fix:
            span = finding.spans[0]
            line = lines[span.line - 1]
            lines[span.line - 1] = line[: span.column - 1] + finding.fix + line[span.column - 1 + span.width :]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert [f.code for f in check_file(path).findings if f.code[0] == "P"] == ["P108"]
