"""What holds between the parts of a policy; every fault is reported where it stands."""

from __future__ import annotations

from kept.law.terms import RequestKind
from kept.policy.checks_collection import check_collection
from kept.policy.checks_retention import check_retention
from kept.policy.checks_systems import check_systems
from kept.policy.keys import RESERVED
from kept.policy.model import Entry, Policy
from kept.policy.walk import Reading
from kept.policy.words import nearest


def check(policy: Policy, reading: Reading) -> None:
    """Report everything that is wrong between sections."""
    check_retention(policy, reading)
    check_collection(policy, reading)
    check_systems(policy, reading)
    _requests(policy, reading)
    _routes(policy, reading)
    _undecided(policy, reading)


def check_register(policy: Policy, reading: Reading, ids: frozenset[str]) -> None:
    """Report every id that the register of promises does not hold."""
    by_fold = {promise.casefold(): promise for promise in ids}
    for citation in policy.citations:
        if citation.promise not in ids:
            meant = by_fold.get(citation.promise.casefold(), "")
            note = f"did you mean `{meant}`?" if meant else ""
            message = f"promise {citation.promise} is not in `{policy.text.promises}`"
            reading.report("P120", message, citation.span, note=note, fix=meant)


def _requests(policy: Policy, reading: Reading) -> None:
    for entry in policy.sections["requests"].values():
        if not entry.name or "." in entry.name or entry.name in RESERVED:
            continue
        if "kind" not in entry.spans and entry.name not in set(RequestKind):
            close = nearest(entry.name, RequestKind)
            note = f"did you mean `{close}`?" if close else ""
            reading.report("R207", f"`{entry.name}` is no kind of request", entry.span, note=note, fix=close or "")
        if entry.values.get("kind", entry.name) == RequestKind.OBJECTION:
            _objection(policy, reading, entry)


def _objection(policy: Policy, reading: Reading, entry: Entry) -> None:
    """Art. 21(1): what rests on a legitimate interest or a public task may be objected to, nothing else."""
    for purpose in entry.items("purposes"):
        use = policy.entry("purposes", purpose)
        bases = use.items("basis") if use else ()
        if bases and not {"legitimate-interests", "public-task"} & set(bases):
            message = f"an objection names `{purpose}`, which rests on {' and '.join(bases)}"
            reading.report("R208", message, entry.spans["purposes"])


def _routes(policy: Policy, reading: Reading) -> None:
    listed = any(system.controllers for system in policy.systems)
    for entry in policy.sections["people"].values():
        for key in ("for", "refer-to"):
            _route(policy, reading, entry, key, listed=listed)
        if entry.values.get("role") == "processor" and "for" not in entry.spans:
            reading.report("R206", f"we process for somebody, and `{entry.name}` does not say for whom", entry.span)
    for entry in policy.sections["disclosures"].values():
        _route(policy, reading, entry, "tell", listed=listed)


def _route(policy: Policy, reading: Reading, entry: Entry, key: str, *, listed: bool) -> None:
    for name in entry.items(key):
        if not (listed or name in policy.people or name == "person"):
            reading.report("R205", f"`{name}` is no kind of people, and no system lists controllers", entry.spans[key])


def _undecided(policy: Policy, reading: Reading) -> None:
    bound: dict[tuple[str, str, str], list[str]] = {}
    for citation in policy.citations:
        if citation.undecided:
            bound.setdefault((citation.section, citation.element, citation.key), []).append(citation.promise)
    for entry in reading.entries:
        for key in entry.undecided():
            counted = "keep" if entry.section == "retention" and key == "from" else key
            ids = bound.get((entry.section, entry.name, counted), [])
            unproven = f"; unproven: {', '.join(ids)}" if ids else ""
            reading.report("P125", f"`{key}` is not decided{unproven}", entry.spans[key])
