"""What must be kept for a while but never in the clear: who a plan is about. Each item has a key of its own (2.27)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidTag
from sqlalchemy import delete, insert, select, update

from kept.policy.findings import could_not_run
from kept.store.codes import finding
from kept.store.keys import decrypt, encrypt
from kept.store.open import Tx
from kept.store.tables import sealed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What may be said of a sealed item without opening it."""

    id: str
    purpose: str
    at: datetime
    expires_at: datetime | None


def seal(tx: Tx, purpose: str, payload: bytes, *, at: datetime, expires_at: datetime | None = None) -> str:
    """Encrypt a payload under a new key; the opaque id is all that others keep."""
    sealed_id = tx.store.entropy(16).hex()
    key_id = f"{purpose}:{sealed_id}"
    ciphertext = encrypt(tx.keys.data(key_id, purpose), payload, key_id, tx.store.entropy)
    tx.connection.execute(
        insert(sealed).values(
            id=sealed_id, purpose=purpose, key_id=key_id, ciphertext=ciphertext, at=at, expires_at=expires_at
        )
    )
    return sealed_id


def unseal(tx: Tx, sealed_id: str) -> bytes:
    """Decrypt an item. Refuses one that was destroyed or never sealed, in the same words."""
    row = tx.connection.execute(select(sealed.c.key_id, sealed.c.ciphertext).where(sealed.c.id == sealed_id)).first()
    key = tx.keys.find(row.key_id) if row else None
    if row is None or key is None:
        raise could_not_run(finding("K130", where=f"sealed {sealed_id}"))
    try:
        return decrypt(key, row.ciphertext, row.key_id)
    except InvalidTag:
        raise could_not_run(finding("K131", where=f"sealed {sealed_id}")) from None


def hold(tx: Tx, sealed_id: str) -> None:
    """Keep an item until it is destroyed by name: work that has begun needs it to the end."""
    tx.connection.execute(update(sealed).where(sealed.c.id == sealed_id).values(expires_at=None))


def destroy(tx: Tx, sealed_id: str) -> bool:
    """Delete item and key; whether there was one. The commit then empties the journal too (`Store.reclaim`)."""
    key_id = tx.connection.execute(select(sealed.c.key_id).where(sealed.c.id == sealed_id)).scalar()
    if key_id is None:
        return False
    tx.connection.execute(delete(sealed).where(sealed.c.id == sealed_id))
    tx.destroyed()
    return tx.keys.destroy(key_id)


def expired(tx: Tx, now: datetime) -> tuple[Sealed, ...]:
    """Items whose time is over, oldest first."""
    rows = tx.connection.execute(
        select(sealed.c.id, sealed.c.purpose, sealed.c.at, sealed.c.expires_at)
        .where(sealed.c.expires_at <= now)
        .order_by(sealed.c.expires_at)
    )
    return tuple(Sealed(id=row.id, purpose=row.purpose, at=row.at, expires_at=row.expires_at) for row in rows)


def destroy_expired(tx: Tx, now: datetime) -> int:
    """Destroy every item whose time is over; how many."""
    return sum(destroy(tx, item.id) for item in expired(tx, now))
