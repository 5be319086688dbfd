"""Keys: a master key outside the store wraps data keys inside it; deleting a wrapped key is the destruction (2.27)."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select, update

from kept.policy.findings import Finding, could_not_run
from kept.store.codes import finding
from kept.store.tables import data_key

VARIABLE: Final = "KEPT_KEY"
KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
SIGNING: Final = "signing"
DIGEST: Final = "digest"


@dataclass(frozen=True, kw_only=True)
class Master:
    """The key that wraps all others; it is never in the store."""

    key: bytes
    warnings: tuple[Finding, ...] = ()

    def __repr__(self) -> str:
        return "Master(…)"


def master_key(
    store: Path | None, environ: Mapping[str, str], *, fresh: bool, entropy: Callable[[int], bytes]
) -> Master:
    """Take the key from KEPT_KEY, else from the key file beside a SQLite store, made when the store is fresh."""
    if words := environ.get(VARIABLE):
        return Master(key=_decoded(words, f"the variable {VARIABLE}"))
    if store is None:
        raise could_not_run(finding("K120"))
    file = store.with_name(store.name + ".key")
    if file.exists():
        return Master(key=_decoded(file.read_text(encoding="ascii", errors="replace"), str(file)))
    if not fresh:
        raise could_not_run(finding("K124", where=str(file)))
    return _made(file, entropy)


def _made(file: Path, entropy: Callable[[int], bytes]) -> Master:
    key = entropy(KEY_SIZE)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process was faster
        return Master(key=_decoded(file.read_text(encoding="ascii", errors="replace"), str(file)))
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(base64.b64encode(key) + b"\n")
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        file.unlink()  # half a key would be taken for the key
        raise
    return Master(key=key, warnings=(finding("K121", where=str(file)),))


def _decoded(words: str, place: str) -> bytes:
    try:
        key = base64.b64decode(words.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_SIZE:
        raise could_not_run(finding("K122", where=place))
    return key


def encrypt(key: bytes, plain: bytes, about: str, entropy: Callable[[int], bytes]) -> bytes:
    """AES-256-GCM with a fresh nonce in front, bound to what it is about."""
    nonce = entropy(NONCE_SIZE)
    return nonce + AESGCM(key).encrypt(nonce, plain, about.encode())


def decrypt(key: bytes, sealed: bytes, about: str) -> bytes:
    """Undo `encrypt`. Raises InvalidTag when key, bytes or subject differ."""
    return AESGCM(key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], about.encode())


@dataclass(frozen=True, kw_only=True, repr=False)
class Keys:
    """The wrapped keys of one store, inside one transaction."""

    connection: Connection
    master: bytes
    entropy: Callable[[int], bytes]

    def check(self) -> None:
        """Make the signing and digest keys once; refuse a master key that does not open this store."""
        for purpose in (SIGNING, DIGEST):
            self.data(purpose, purpose)

    def data(self, key_id: str, purpose: str) -> bytes:
        """The key of this id, made when there is none."""
        return self.find(key_id) or self._make(key_id, purpose)

    def find(self, key_id: str) -> bytes | None:
        """The key of this id, or None when it never was or is destroyed."""
        row = self.connection.execute(
            select(data_key.c.purpose, data_key.c.wrapped).where(data_key.c.id == key_id)
        ).one_or_none()
        return None if row is None else self._unwrapped(key_id, row.purpose, row.wrapped)

    def destroy(self, key_id: str) -> bool:
        """Delete the wrapped key: whatever it sealed can never be read again."""
        return self.connection.execute(delete(data_key).where(data_key.c.id == key_id)).rowcount > 0

    def rotate(self, new_master: bytes) -> int:
        """Wrap every key anew under another master key; how many."""
        rows = self.connection.execute(select(data_key.c.id, data_key.c.purpose, data_key.c.wrapped)).all()
        for row in rows:
            plain = self._unwrapped(row.id, row.purpose, row.wrapped)
            wrapped = encrypt(new_master, plain, _about(row.id, row.purpose), self.entropy)
            self.connection.execute(update(data_key).where(data_key.c.id == row.id).values(wrapped=wrapped))
        return len(rows)

    @property
    def signing(self) -> Ed25519PrivateKey:
        """The key that signs ledger heads."""
        return Ed25519PrivateKey.from_private_bytes(self.data(SIGNING, SIGNING))

    @property
    def digest(self) -> bytes:
        """The HMAC key under which a plan digests the keys of named people."""
        return self.data(DIGEST, DIGEST)

    def _make(self, key_id: str, purpose: str) -> bytes:
        key = self.entropy(KEY_SIZE)
        wrapped = encrypt(self.master, key, _about(key_id, purpose), self.entropy)
        self.connection.execute(insert(data_key).values(id=key_id, purpose=purpose, wrapped=wrapped))
        return key

    def _unwrapped(self, key_id: str, purpose: str, wrapped: bytes) -> bytes:
        try:
            return decrypt(self.master, wrapped, _about(key_id, purpose))
        except InvalidTag:
            raise could_not_run(finding("K123")) from None


def _about(key_id: str, purpose: str) -> str:
    return f"{purpose}\x00{key_id}"
