"""The verb `kept check`: the policy, its register and its prose, all findings at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kept.policy.codes import finding
from kept.policy.findings import Exit, Finding, Severity
from kept.policy.load import UNREAD, Loaded, load_policy
from kept.policy.model import Policy
from kept.policy.render import as_text, as_values
from kept.policy.text import Sentence, read_prose


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What `kept check` found; a policy may stand beside warnings, never beside an error."""

    loaded: Loaded
    findings: tuple[Finding, ...]
    lines: dict[str, tuple[str, ...]]
    """Lines of each file the findings point into."""

    @property
    def exit_code(self) -> Exit:
        """0 without errors, 1 with one, 2 when the file could not be read at all."""
        errors = [found for found in self.findings if found.severity is Severity.ERROR]
        if any(found.code in UNREAD for found in errors):
            return Exit.COULD_NOT_RUN
        return Exit.BROKEN if errors else Exit.FINE

    def text(self) -> str:
        """The findings for a terminal."""
        return as_text(self.findings, self.lines, self.loaded.path.name)

    def values(self) -> dict[str, object]:
        """The findings for `--json`."""
        return as_values(self.findings)


def check_file(path: Path) -> Checked:
    """Check a policy file, the register it names and the prose it belongs to."""
    loaded = load_policy(path)
    lines = {loaded.source.name: loaded.source.lines} if loaded.source else {}
    policy = loaded.policy
    if policy is None or policy.text.file is None:
        return Checked(loaded=loaded, findings=loaded.findings, lines=lines)
    prose, faults = read_prose(path.parent / policy.text.file)
    found = (*_unreadable(policy, faults), *_unknown(policy, prose), *_unplaced(policy, prose))
    return Checked(loaded=loaded, findings=(*loaded.findings, *found), lines=lines)


def _unreadable(policy: Policy, faults: tuple[Finding, ...]) -> Iterator[Finding]:
    text = policy.entry("text")
    if text is not None:
        for fault in faults:
            yield finding("P128", f"`{policy.text.file}`: {fault.message}", text.spans["file"], *fault.spans)


def _unknown(policy: Policy, prose: tuple[Sentence, ...]) -> Iterator[Finding]:
    known = frozenset(policy.promises)
    for sentence in prose:
        for promise in sentence.promises:
            if known and promise not in known:
                where = replace(sentence.span, width=1)
                yield finding("P120", f"promise {promise} is not in `{policy.text.promises}`", where)


def _unplaced(policy: Policy, prose: tuple[Sentence, ...]) -> Iterator[Finding]:
    placed = {promise for sentence in prose for promise in sentence.promises}
    missing = [promise for promise in policy.promises if promise not in placed]
    text = policy.entry("text")
    if prose and missing and text is not None:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""  # noqa: PLR2004 - a line has room for five
        yield finding("P129", f"no sentence bears {', '.join(missing[:5])}{more}", text.spans["file"])
