"""`kept audit`: the ledger exported and verified, a copy without policy or database."""

from __future__ import annotations

from pathlib import Path

from kept.app.context import Context
from kept.policy.findings import Finding, could_not_run
from kept.records import audit
from kept.records.audit import Audit
from kept.records.ledger import Witness, witness_of
from kept.store import ledger


def target(copy: Path | None) -> Path:
    """Where an export goes."""
    if copy is None:
        raise could_not_run(_finding("an export needs a file to write to", "kept audit export LEDGER.jsonl"))
    return copy


def export(context: Context, path: Path) -> int:
    """Write the ledger as JSON Lines; how many entries."""
    with context.store.read() as tx, path.open("wb") as file:
        file.writelines(ledger.export_lines(tx, at=context.now))
        head = ledger.head(tx)
    return head.size if head else 0


def verify_own(context: Context, witness: str | None) -> Audit:
    """Verify the store's own ledger from its stored bytes."""
    with context.store.read() as tx:
        return ledger.verify(tx, at=context.now, witnesses=_witnesses(witness))


def verify_copy(path: Path, key: str | None, witness: str | None) -> Audit:
    """Verify an exported copy, offline."""
    try:
        known = bytes.fromhex(key) if key else None
    except ValueError:
        raise could_not_run(_finding("`--key` is not hexadecimal", "take it from `kept audit verify`")) from None
    try:
        with path.open("rb") as file:
            return audit.verify(file, key=known, witnesses=_witnesses(witness))
    except OSError:
        raise could_not_run(_finding("the copy cannot be read", "kept audit export LEDGER.jsonl")) from None


def _witnesses(text: str | None) -> tuple[Witness, ...]:
    try:
        return () if text is None else (witness_of(text),)
    except ValueError:
        raise could_not_run(
            _finding("`--witness` is not SIZE:ROOT", "write it as `kept audit verify` prints a head")
        ) from None


def _finding(message: str, help: str) -> Finding:  # noqa: A002 - the field's name
    return Finding(code="L120", message=message, where="kept audit", help=help)
