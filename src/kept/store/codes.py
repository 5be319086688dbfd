"""Finding codes of Kept's own store: one table that the findings and the reference share."""

from __future__ import annotations

from typing import Final

from kept.policy.codes import Code
from kept.policy.findings import Finding, Severity

_MAKE_KEY: Final = 'python3 -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'
_TABLE: Final = (
    Code(
        code="K102",
        title="Kept's own store cannot live there",
        page="The store is an SQLite file, named by its path, or a PostgreSQL database, named by its address.",
        help="give a file path, or postgresql://USER:PASSWORD@HOST/DATABASE",
    ),
    Code(
        code="K103",
        title="the store was written by a newer Kept",
        page="Tables have a version. An older Kept would misread a newer store, so it does not touch it.",
        help="use the Kept that wrote it, or a newer one",
    ),
    Code(
        code="K110",
        title="the disk of Kept's own store is full",
        page="The store could not be written. The transaction was rolled back: nothing is half-written.",
        help="free some space, then repeat the command",
    ),
    Code(
        code="K111",
        title="Kept may not write its own store",
        page="The file, its directory, the file system or the database is read-only for this account.",
        help="give the account that runs Kept write access to the store and its directory",
    ),
    Code(
        code="K112",
        title="this is no store of Kept, or it is damaged",
        page="The file's head or its pages are not what SQLite expects.",
        help="check the path; restore the store from a backup, then run `kept audit verify`",
    ),
    Code(
        code="K113",
        title="another process holds Kept's own store",
        page="Writers take turns; this one waited 30 seconds for its turn.",
        help="wait until the other command has ended, then repeat this one",
    ),
    Code(
        code="K114",
        title="Kept's own store cannot be opened",
        page="The path is a directory, or lies below something that is none.",
        help="check that the path is that of a file which this account may read and write",
    ),
    Code(
        code="K115",
        title="the store's server refuses the sign-in",
        page="Account, password or database name of the store's address is wrong, or the account may not connect.",
        help="check the store's address",
    ),
    Code(
        code="K116",
        title="the store's server does not answer",
        page="Nothing listens at the address, or the connection was lost; a transaction that was open is rolled back.",
        help="check that the server runs and that the address is right, then repeat the command",
    ),
    Code(
        code="K117",
        title="the disk of Kept's own store reports an error",
        page="The system could not read or write a block. The transaction was rolled back.",
        help="check the disk; then run `kept audit verify`, and restore the store from a backup if it is damaged",
    ),
    Code(
        code="K119",
        title="Kept's own store reported an error",
        page="An error that Kept has no better word for. Its text may hold values, so it is not shown.",
        help="run `kept doctor`; the log of the database server has the text",
    ),
    Code(
        code="K120",
        title="the variable KEPT_KEY is not set",
        page="A store on a server keeps no key beside itself, or a copy of the database would open what is sealed "
        "in it. The key comes from the environment.",
        help=f"set KEPT_KEY to 32 random bytes in base64: {_MAKE_KEY}",
    ),
    Code(
        code="K121",
        severity=Severity.WARNING,
        title="a new key was made for Kept's own store",
        page="Whoever has the store and this file can read what Kept sealed. Without the file nobody can, and no "
        "further ledger head can be signed.",
        help="keep a copy apart from the store's backups, or set KEPT_KEY to its content and remove the file",
    ),
    Code(
        code="K122",
        title="the key of Kept's own store is not 32 bytes in base64",
        page="The variable KEPT_KEY or the key file holds something else. Its content is not shown.",
        help=f"restore the key this store was made with; a new key, for a new store only, is made by {_MAKE_KEY}",
    ),
    Code(
        code="K123",
        title="the key at hand does not open this store",
        page="The store was made with another key, or the wrapped keys in it are damaged.",
        help="set KEPT_KEY, or restore the key file, to the key this store was made with",
    ),
    Code(
        code="K124",
        title="the key of Kept's own store is missing",
        page="The store was made with a key file beside it, and the file is gone. A new key would not open it.",
        help="restore the key file from its copy, or set KEPT_KEY to its content",
    ),
    Code(
        code="K130",
        title="what was sealed here is no longer there",
        page="Sealed items, such as the identifiers a plan is about, are destroyed when their time is over.",
        why="Art. 5(1)(e) GDPR: nothing personal is kept longer than its purpose needs",
        help="make the plan again",
    ),
    Code(
        code="K131",
        title="a sealed item is damaged",
        page="It does not open under its key: its bytes, its id or its key were changed.",
        help="run `kept audit verify`, then make the plan again",
    ),
    Code(
        code="K140",
        title="this plan is not in the store",
        page="The store that the command opened never saw a plan of this digest.",
        help="plan again, or name the store the plan was made in",
    ),
    Code(
        code="K141",
        title="the stored plan is not the plan that was made",
        page="A plan's digest is SHA-256 of its text, and the stored text has another digest: it was changed.",
        why="only exactly the plan that was reviewed may be applied",
        help="run `kept audit verify`, then plan again",
    ),
    Code(
        code="K142",
        title="the run cannot change to that state",
        page="A verified run is over for good; one that is unknown cannot be paused.",
        help="run `kept status`",
    ),
    Code(
        code="K150",
        title="the ledger in the store is damaged; nothing was added to it",
        page="Before an entry is added, the last head's signature, the last entry and the tree are compared; after it "
        "is written, it is read back. One of these did not agree, so no head was signed.",
        why="a signature over a damaged ledger would make the damage look genuine",
        help="run `kept audit verify`, and compare with the last head kept elsewhere",
    ),
    Code(
        code="K151",
        title="the sealed payload of a ledger entry is damaged",
        page="It does not open under its key. The entry itself, and the ledger, are not concerned.",
        help="run `kept audit verify`",
    ),
)

CODES: Final = {code.code: code for code in _TABLE}


def finding(code: str, *, where: str = "", detail: str = "") -> Finding:
    """The finding of a code, with what was seen in this case; never a value, never a secret."""
    known = CODES[code]
    message = f"{known.title}: {detail}" if detail else known.title
    return Finding(code=code, message=message, severity=known.severity, where=where, why=known.why, help=known.help)
