"""What Kept itself remembers, as tables. No column here holds a personal value in the clear."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from kept.policy.findings import could_not_run
from kept.records.ledger import instant_of, instant_text
from kept.store.codes import finding


class Instant(TypeDecorator[datetime]):
    """An aware instant as UTC text of fixed width: the same in every database, and it sorts."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write the instant."""
        return None if value is None else instant_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read the instant."""
        try:
            return None if value is None else instant_of(value)
        except (TypeError, ValueError):
            raise could_not_run(finding("K112", detail="an instant cannot be read")) from None


VERSION: Final = 1
"""Of these tables; a store with a newer number belongs to a newer Kept."""

_Serial = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData()

about = Table(
    "kept_about",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
"""`version`, and one row, `ledger`, that writers of the ledger lock."""

data_key = Table(
    "kept_data_key",
    metadata,
    Column("id", String(200), primary_key=True),
    Column("purpose", String(64), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)
"""Keys wrapped by the master key; deleting a row makes everything sealed under it unreadable."""

sealed = Table(
    "kept_sealed",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("purpose", String(64), nullable=False),
    Column("key_id", String(200), ForeignKey("kept_data_key.id"), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
)

ledger_entry = Table(
    "kept_ledger_entry",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", LargeBinary, nullable=False),
)

ledger_payload = Table(
    "kept_ledger_payload",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("key_id", String(200), nullable=False, index=True),
    Column("ciphertext", LargeBinary, nullable=False),
)
"""Salt and payload of an entry, sealed; the row goes when its key is destroyed."""

ledger_head = Table(
    "kept_ledger_head",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("at", Instant, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
    Column("marks", LargeBinary),
    Column("marks_signature", LargeBinary),
)
"""Signed heads; `peaks` is the frontier at that size, `marks` lets a verifier name one bad entry of a large group."""

plan = Table(
    "kept_plan",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("trigger_id", String(64)),
    Column("at", Instant, nullable=False),
    Column("expires_at", Instant),
)

approval = Table(
    "kept_approval",
    metadata,
    Column("plan", String(64), ForeignKey("kept_plan.digest"), primary_key=True),
    Column("role", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
)

run = Table(
    "kept_run",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("plan", String(64), ForeignKey("kept_plan.digest"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("pause_asked", Boolean, nullable=False),
)

batch = Table(
    "kept_batch",
    metadata,
    Column("run", String(64), ForeignKey("kept_run.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("batch", Integer, primary_key=True, autoincrement=False),
    Column("rows", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
    Column("ms", Integer, nullable=False),
)

evidence = Table(
    "kept_evidence",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("promise", String(64), nullable=False),
    Column("bound", String(200), nullable=False),
    Column("control", String(64), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("reason", String(128), nullable=False),
    Column("facts", Text, nullable=False),
    Column("counts", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("positive", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("entry", BigInteger),
    Index("kept_evidence_citation", "promise", "bound", "control", "id"),
)

vouch = Table(
    "kept_vouch",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("promise", String(64), nullable=False, index=True),
    Column("role", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("valid_until", Instant, nullable=False),
    Column("note", Text, nullable=False),
    UniqueConstraint("promise", "role", "at"),
)

clock_mark = Table(
    "kept_clock_mark",
    metadata,
    Column("name", String(16), primary_key=True),
    Column("at", Instant, nullable=False),
)
"""The latest instant this store has seen."""
