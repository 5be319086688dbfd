"""Whatever is done to a good file, the answer is findings, never a traceback."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from kept.policy.check import check_file

SAMPLE = Path(__file__).parent / "policy_sample"
GOOD = (SAMPLE / "kept.yaml").read_text(encoding="utf-8")
LINES = GOOD.splitlines()
SCRAPS = st.sampled_from(
    [
        *(": ", "[", "]", "{", "}", "-", ",", "&a ", "*a", "!x ", "#", '"', "'", "\n", "\t", "  ", "\0", "\u202e"),
        *("undecided", "all", "other", "~", "null", "{}", "[]", "while hold", "at most 9999999 years", "ä", "🙂"),
        *("?", "|", ">", "%", "@", "999999999999999999999", "-1", "0x10", "true", "env:A", "\r", "\x85", "\ufeff"),
        *("\\", "<<: ", "--- ", "... "),
    ]
)
WORDS = st.sampled_from(sorted({word.strip('{}[],:"') for word in GOOD.split()} - {""}))


@st.composite
def changed(draw: st.DrawFn) -> str:
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        lines[at : at + 1] = draw(st.sampled_from([once_inside, word_for_word, moved]))(draw, lines, at)
    return "\n".join(lines)


def once_inside(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    """Cut something out of the line, or put something into it."""
    line = lines[at]
    start = draw(st.integers(0, len(line)))
    return [line[:start] + draw(SCRAPS) + line[start + draw(st.integers(0, 6)) :]]


def word_for_word(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    """Put another word of the file in place of one."""
    words = lines[at].split(" ")
    words[draw(st.integers(0, len(words) - 1))] = draw(WORDS)
    return [" ".join(words)]


def moved(draw: st.DrawFn, lines: list[str], at: int) -> list[str]:
    """Leave the line out, say it twice, or indent it otherwise."""
    line = lines[at]
    return draw(st.sampled_from([[], [line, line], [" " + line], [line.lstrip()], [line + lines[at - 1]]]))


@settings(max_examples=100, deadline=None)
@given(changed())
def test_a_changed_file_ends_in_findings_and_no_traceback(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "kept.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        for name in ("promises.csv", "policy.de.md"):
            (Path(folder) / name).write_bytes((SAMPLE / name).read_bytes())
        checked = check_file(path)
        assert (checked.loaded.policy is None) == bool(checked.loaded.errors)
        assert all(found.spans for found in checked.findings)
        assert checked.text()


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_end_in_findings(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "kept.yaml"
        path.write_bytes(content)
        assert check_file(path).findings


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="kept:1 \n-[]{},&*!|>'\"%@`#?ab\t", max_size=120))
def test_any_yaml_like_text_ends_in_findings(content: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "kept.yaml"
        path.write_text(content, encoding="utf-8")
        assert check_file(path).findings
