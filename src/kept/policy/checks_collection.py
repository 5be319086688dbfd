"""Data, purposes and consent: nothing without a purpose, nothing beyond what was declared."""

from __future__ import annotations

from kept.law.terms import Basis
from kept.policy.build import own, pairs
from kept.policy.model import Entry, Policy
from kept.policy.walk import Reading


def check_collection(policy: Policy, reading: Reading) -> None:
    """Report everything that is wrong between data, purposes and consent."""
    for name, entry in own(policy.sections["data"]):
        _has_purpose(policy, reading, name, entry)
        _declared(policy, reading, name, entry)
    for name, entry in own(policy.sections["purposes"]):
        _only_for(policy, reading, name, entry)
        if "channel" in entry.spans and "opt-out" not in entry.spans:
            reading.report("C405", f"`{name}` reaches people, and nobody can stop it", entry.spans["channel"])
    _consent(policy, reading)


def _has_purpose(policy: Policy, reading: Reading, name: str, entry: Entry) -> None:
    general = policy.entry("data", "all")
    declared = entry if entry.values.get("fields") == "declared" else general
    if declared is None or declared.values.get("fields") != "declared":
        return
    if not any({"all", name} & set(use.items("data")) for use in policy.sections["purposes"].values()):
        reading.report("C401", f"no purpose uses `{name}`", entry.span, beside=declared.spans["fields"])


def _declared(policy: Policy, reading: Reading, name: str, entry: Entry) -> None:
    fields = policy.data[name].fields
    if fields is None:
        return
    spoken = {"optional": set(entry.items("optional")) - {"all"}, "precision": set(pairs(entry, "precision"))}
    for key, mentioned in spoken.items():
        for field in sorted(mentioned - set(fields)):
            message = f"`{key}` speaks of `{field}`, which `fields` does not list"
            reading.report("C404", message, entry.spans[key], beside=entry.spans["fields"])


def _only_for(policy: Policy, reading: Reading, name: str, entry: Entry) -> None:
    named = entry.items("data")
    for kind in policy.data if "all" in named else (k for k in named if k in policy.data):
        allowed = policy.data[kind].only_for
        limit = policy.entry("data", kind)
        if allowed and name not in allowed and limit is not None:
            message = f"`{kind}` is only for {', '.join(f'`{purpose}`' for purpose in allowed)}"
            reading.report("C403", message, entry.spans["data"], beside=limit.spans["only-for"])


def _consent(policy: Policy, reading: Reading) -> None:
    consent = policy.entry("consent")
    if consent is not None and "given-by" in consent.spans:
        return
    for name, entry in own(policy.sections["purposes"]):
        if Basis.CONSENT in entry.items("basis"):
            reading.report("C402", f"`{name}` rests on consent, and nothing counts as one", entry.spans["basis"])
            return
