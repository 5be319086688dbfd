"""Files that are no policy: each ends in findings with a place, never in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from kept.policy.findings import Exit, Finding, Refused
from kept.policy.load import load_policy, require
from kept.policy.nodes import DEEPEST
from kept.policy.source import LARGEST

HEAD = "kept: 1\ncontroller: {name: A, country: DE, timezone: Europe/Berlin, languages: [de]}\n"


def found(tmp_path: Path, content: bytes | str) -> tuple[Finding, ...]:
    path = tmp_path / "kept.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    loaded = load_policy(path)
    assert (loaded.policy is None) == bool(loaded.errors)
    return loaded.findings


def place(finding: Finding) -> tuple[str, int, int]:
    return finding.code, finding.spans[0].line, finding.spans[0].column


def test_the_smallest_policy_loads_without_a_finding(tmp_path: Path) -> None:
    assert found(tmp_path, HEAD) == ()


def test_a_missing_file_says_so_and_could_not_run(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        require(tmp_path / "nowhere.yaml")
    assert refused.value.exit_code is Exit.COULD_NOT_RUN
    assert "no such file" in refused.value.findings[0].message


def test_a_directory_in_place_of_the_file_says_so(tmp_path: Path) -> None:
    loaded = load_policy(tmp_path)
    assert [f.code for f in loaded.findings] == ["P001"]


def test_a_path_with_a_nul_says_so() -> None:
    assert [f.code for f in load_policy(Path("a\0b")).findings] == ["P001"]


def test_a_file_over_one_megabyte_is_refused_and_one_of_a_megabyte_is_read(tmp_path: Path) -> None:
    padding = "#" * (LARGEST - len(HEAD))
    assert found(tmp_path, HEAD + padding) == ()
    assert [place(f) for f in found(tmp_path, HEAD + padding + "#")] == [("P002", 1, 1)]


def test_bytes_that_are_not_utf8_are_placed(tmp_path: Path) -> None:
    assert [place(f) for f in found(tmp_path, HEAD.encode() + b"# gr\xfc\xdfe\n")] == [("P003", 3, 5)]


@pytest.mark.parametrize(("hidden", "code"), [("\0", "P004"), ("\x1b", "P004"), ("\u2028", "P004"), ("\u0085", "P004")])
def test_control_characters_are_placed(tmp_path: Path, hidden: str, code: str) -> None:
    assert [place(f) for f in found(tmp_path, HEAD + f"# ab{hidden}\n")] == [(code, 3, 5)]


@pytest.mark.parametrize("turn", [*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"])
def test_characters_that_turn_the_writing_direction_are_placed(tmp_path: Path, turn: str) -> None:
    findings = found(tmp_path, HEAD + f"data: {{ä: {turn}x}}\n")
    assert [place(f) for f in findings] == [("P005", 3, 11)]
    assert turn not in findings[0].message


def test_columns_count_code_points_and_lines_count_windows_line_ends(tmp_path: Path) -> None:
    content = HEAD.replace("name: A", 'name: "Ä🙂"').replace("DE", "XX").replace("\n", "\r\n")
    assert [place(f) for f in found(tmp_path, content)] == [("P107", 2, 35)]


def test_a_byte_order_mark_does_not_move_columns(tmp_path: Path) -> None:
    assert [place(f) for f in found(tmp_path, b"\xef\xbb\xbf" + b"kept: 2\n" + HEAD[8:].encode())] == [("P014", 1, 7)]


@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ("data: {account: [}\n", 3),
        ("data: {account\n", 4),
        ('data: "abc\n', 4),
        ("data:\n\t- a\n", 4),
        ("data: a: b\n", 3),
        ("data: @x\n", 3),
        ('data: "\\q"\n', 3),
        ("- a\n", 3),
        ("]\n", 3),
        ("data: |2\n a\n", 4),
        ("%\n", 3),
    ],
)
def test_broken_yaml_is_one_finding_with_a_line(tmp_path: Path, broken: str, line: int) -> None:
    findings = found(tmp_path, HEAD + broken)
    assert [f.code for f in findings] == ["P006"]
    assert abs(findings[0].spans[0].line - line) <= 1


@pytest.mark.parametrize("empty", ["", "\n\n", "# only a comment\n", "---\n"])
def test_an_empty_file_is_refused(tmp_path: Path, empty: str) -> None:
    assert found(tmp_path, empty)[0].code in {"P006", "P013"}


@pytest.mark.parametrize(
    ("beyond", "column"),
    [
        ("data: &a {}\n", 7),
        ("data: *a\n", 7),
        ("data: !!map {}\n", 7),
        ("data: !x y\n", 7),
        ("<<: *a\n", 5),
        ("--- \nkept: 1\n", 1),
    ],
)
def test_yaml_beyond_maps_lists_and_words_is_refused(tmp_path: Path, beyond: str, column: int) -> None:
    findings = found(tmp_path, HEAD + beyond)
    assert findings[0].code == "P007"
    assert findings[0].spans[0].column == column


@pytest.mark.parametrize("version", ["%YAML 1.1\n---\n", "%TAG ! tag:x,2000:\n---\n"])
def test_another_yaml_version_or_tags_are_refused(tmp_path: Path, version: str) -> None:
    assert [f.code for f in found(tmp_path, version + HEAD)] == ["P007"]


def test_yaml_is_version_1_2_so_no_and_off_stay_words(tmp_path: Path) -> None:
    assert found(tmp_path, HEAD.replace("DE", "NO")) == ()


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_bounded(tmp_path: Path, opening: str) -> None:
    findings = found(tmp_path, HEAD + "data: " + ("\n  " if opening in "- ? " else "") + opening * 5000)
    assert [f.code for f in findings] in (["P008"], ["P006"])


def test_nesting_within_the_bound_is_a_matter_of_shape(tmp_path: Path) -> None:
    deep = DEEPEST - 3
    assert [f.code for f in found(tmp_path, HEAD + "data: " + "[" * deep + "]" * deep)] == ["P010"]


def test_every_duplicate_key_is_reported_with_both_places(tmp_path: Path) -> None:
    content = HEAD + "data: {}\nlaws: {gdpr: {}, gdpr: {}}\ndata: {}\n"
    findings = found(tmp_path, content)
    assert [place(f) for f in findings] == [("P009", 4, 18), ("P009", 5, 1)]
    assert [(f.spans[1].line, f.spans[1].column) for f in findings] == [(4, 8), (3, 1)]


def test_a_map_as_key_is_refused(tmp_path: Path) -> None:
    assert [f.code for f in found(tmp_path, HEAD + "? {a: b}\n: c\n")] == ["P010"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("- a\n", ("P010", 1, 1)),
        ("just a word\n", ("P010", 1, 1)),
        (HEAD + "data: [account]\n", ("P010", 3, 7)),
        (HEAD + "data: account\n", ("P010", 3, 7)),
        (HEAD + "data: {account: [a]}\n", ("P010", 3, 17)),
        (HEAD + "data: {account: }\n", ("P013", 3, 8)),
        (HEAD + "data:\n", ("P013", 3, 1)),
        (HEAD + "data: ~\n", ("P013", 3, 7)),
        (HEAD + "pledges: {owner: a}\n", ("P010", 3, 10)),
        (HEAD + "systems: {shop: {url: [a], tables: {}}}\n", ("P010", 3, 23)),
        (HEAD + "systems: {shop: {url: a, tables: [b]}}\n", ("P010", 3, 34)),
    ],
)
def test_a_wrong_shape_is_placed(tmp_path: Path, content: str, expected: tuple[str, int, int]) -> None:
    assert place(found(tmp_path, content)[0]) == expected
