"""Turn what a database or its driver says into one finding with the next step, and nothing personal.

INVARIANT: no text of a database reaches a message except names of tables, columns, constraints and privileges.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from kept.policy.findings import Exit, Refused
from kept.systems.sql.codes import finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happened: a code, the object it happened to, and words for the message."""

    code: str
    subject: str = ""
    privilege: str = ""


@contextmanager
def translated(*, system: str, doing: str) -> Iterator[None]:
    """Let errors of the database leave the block as Refused."""
    try:
        yield
    except (sa.exc.SQLAlchemyError, sqlite3.Error) as error:
        raise translate(error, system=system, doing=doing) from None


def translate(error: Exception, *, system: str, doing: str) -> Refused:
    """Say what happened while `doing` (a phrase such as «counting rows») and what to do next."""
    if isinstance(error, Refused):
        return error
    fault = classify(error)
    answer = finding(
        fault.code,
        where=f"{system}.{fault.subject}" if fault.subject and fault.code in _TABLE_CODES else system,
        subject=fault.subject,
        privilege=fault.privilege or "the privilege",
        doing=doing,
    )
    return Refused(answer, exit_code=Exit.BROKEN if fault.code in _FAILED else Exit.COULD_NOT_RUN)


_TABLE_CODES: Final = frozenset({"S210", "S211", "S218"})
_FAILED: Final = frozenset({"S217", "S223"})
_TRIGGER: Final = "trigger"
"""What stands for the words of a trigger that refuses: they may hold a value."""


def classify(error: Exception) -> Fault:
    """Sort an error of SQLAlchemy or of a driver into a Fault."""
    original = getattr(error, "orig", None) or error
    statement = getattr(error, "statement", None) or ""
    drivers = {kind.__module__.partition(".")[0] for kind in type(original).__mro__}
    if "psycopg" in drivers:
        return _postgresql(original, statement)
    if "pymysql" in drivers:
        return _mariadb(original)
    if "sqlite3" in drivers:
        return _sqlite(original)
    return _of_sqlalchemy(error)


def lost(error: Exception) -> bool:
    """Whether the connection is gone, so that the outcome of a commit is unknown until the marker is read."""
    return classify(error).code in {"S206", "S213"}


def passing(error: Exception) -> bool:
    """Whether the same transaction may succeed when tried again: a deadlock, a lock that was not had in time."""
    return classify(error).code in {"S215", "S216"}


def _of_sqlalchemy(error: Exception) -> Fault:
    if isinstance(error, sa.exc.TimeoutError):
        return Fault(code="S209")
    if isinstance(error, sa.exc.InvalidRequestError) and "MariaDB" in str(error):
        return Fault(code="S224")
    if isinstance(error, sa.exc.StatementError):
        return Fault(code="S223")
    return Fault(code="S219", subject=type(error).__name__)


# PostgreSQL: the SQLSTATE decides; without one the connection was never made and only its message is left.

_RAISED: Final = "P0001"  # what RAISE EXCEPTION of a trigger function gives
_SQLSTATES: Final = {
    "28P01": "S207",
    "28000": "S207",
    "3D000": "S208",
    "53300": "S209",
    "42P01": "S210",
    "42703": "S220",
    "42501": "S211",
    "25006": "S212",
    "53100": "S214",
    "53200": "S214",
    "55P03": "S215",
    "40P01": "S216",
    "40001": "S216",
    "57014": "S222",
    "3F000": "S225",
    _RAISED: "S217",
}
_SQLSTATE_CLASSES: Final = {"08": "S213", "57": "S213", "23": "S217", "22": "S223"}
_REFUSED_CONNECTIONS: Final = (
    (re.compile(r"password|Passwort|authenti|pg_hba|role .* does not exist|Rolle .* existiert nicht"), "S207"),
    (re.compile(r"database .* does not exist|Datenbank .* existiert nicht"), "S208"),
    (re.compile(r"too many (clients|connections)|connection slots"), "S209"),
    (re.compile(r"closed the connection|connection is lost|closed unexpectedly|the connection is closed"), "S213"),
)
_MISSING: Final = re.compile(
    r'["«»„“]([^\n]+?)["«»”“](?: (?:does not|existiert)|$|\n)|^\w+ ([^\s"«»„“]+) (?:does not|existiert)'
)
_DENIED: Final = re.compile(r"permission denied for (?:\w+ )+(\S.*)")


def _postgresql(error: Exception, statement: str) -> Fault:
    text = str(error)
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _postgresql_without_state(error, text)
    code = _SQLSTATES.get(state) or _SQLSTATE_CLASSES.get(state[:2], "S219")
    if code == "S211":
        return _postgresql_denied(text, statement)
    if code in {"S210", "S220"}:
        return Fault(code=code, subject=_group(_MISSING, text))
    if code == "S217":
        return Fault(code=code, subject=_TRIGGER if state == _RAISED else _postgresql_constraint(error))
    return Fault(code=code, subject=state if code == "S219" else "")


def _postgresql_without_state(error: Exception, text: str) -> Fault:
    kind = type(error).__name__
    if kind not in {"OperationalError", "InterfaceError", "ConnectionTimeout"}:
        return Fault(code="S223") if kind == "DataError" else Fault(code="S219", subject=kind)
    return Fault(code=next((code for words, code in _REFUSED_CONNECTIONS if words.search(text)), "S206"))


def _postgresql_denied(text: str, statement: str) -> Fault:
    if "row-level security" in text or "row security" in text:
        return Fault(code="S218", subject=_group(re.compile(r'"(.+)"'), text))
    return Fault(code="S211", subject=_group(_DENIED, text), privilege=_needed(statement))


def _postgresql_constraint(error: Exception) -> str:
    diagnosis = getattr(error, "diag", None)
    parts = (getattr(diagnosis, part, None) for part in ("table_name", "constraint_name", "column_name"))
    return ".".join(part for part in parts if part)


def _needed(statement: str) -> str:
    """The privileges a statement needs: deleting or changing chosen rows needs reading them."""
    verbs = re.findall(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|TRUNCATE)\b", statement.upper())
    verb = next((verb for verb in verbs if verb != "SELECT"), "SELECT")
    return f"SELECT, {verb}" if verb in {"UPDATE", "DELETE"} else verb


# MariaDB: the error number decides.

_SIGNALLED: Final = 1644  # SIGNAL of a trigger
_ERRNOS: Final = {
    **dict.fromkeys((1045, 1698, 1251, 2059, 1820, 1862), "S207"),
    **dict.fromkeys((1049, 1044, 1046), "S208"),
    **dict.fromkeys((1040, 1203, 1226), "S209"),
    **dict.fromkeys((1146, 1051), "S210"),
    **dict.fromkeys((1142, 1143, 1227, 1370, 1356), "S211"),
    **dict.fromkeys((1290, 1792, 1836, 1036), "S212"),
    **dict.fromkeys((2006, 2013, 2014, 1053, 1152, 1927, 4031), "S213"),
    **dict.fromkeys((1021, 1114, 1041, 1030), "S214"),
    **dict.fromkeys((2002, 2003, 2005), "S206"),
    _SIGNALLED: "S217",
    **dict.fromkeys((1048, 1062, 1169, 1216, 1217, 1364, 1451, 1452, 1557, 1586, 1761, 1762, 4025), "S217"),
    **dict.fromkeys((1264, 1265, 1292, 1366, 1406, 1411, 3140), "S223"),
    **dict.fromkeys((1317, 1969, 3024), "S222"),
    1205: "S215",
    1213: "S216",
    1020: "S216",
    1054: "S220",
}
_MARIADB_SUBJECTS: Final = {
    "S210": re.compile(r"(?:Table|Unknown table) '(?:[^'.]*\.)?(.+?)'"),
    "S220": re.compile(r"Unknown column '(.+?)'"),
    "S211": re.compile(r"for table (?:`[^`]*`\.)?`(.+)`"),
    # The first alternative skips the value of a duplicate entry, which may be personal.
    "S217": re.compile(r"for key '([^']+)'$|CONSTRAINT `([^`]+)`|Column '([^']+)' cannot|Field '([^']+)' doesn't"),
}
_MARIADB_VERB: Final = re.compile(r"^([A-Z, ]+?) command denied")


def _mariadb(error: Exception) -> Fault:
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    text = str(error.args[1]) if len(error.args) > 1 else ""
    if number == 0:  # PyMySQL reports use of a closed connection without a number
        return Fault(code="S213")
    code = _ERRNOS.get(number, "S219")
    subject = _group(_MARIADB_SUBJECTS[code], text) if code in _MARIADB_SUBJECTS else ""
    if number == _SIGNALLED:
        subject = _TRIGGER
    return Fault(code=code, subject=str(number) if code == "S219" else subject, privilege=_group(_MARIADB_VERB, text))


# SQLite: the name of its result code decides.

_SQLITE_NAMES: Final = (
    ("SQLITE_READONLY_DBMOVED", "S204"),
    ("SQLITE_IOERR_DELETE_NOENT", "S204"),  # the journal is gone, and so is the folder of both
    ("SQLITE_IOERR_DIR_FSYNC", "S204"),
    ("SQLITE_BUSY", "S215"),
    ("SQLITE_LOCKED", "S215"),
    ("SQLITE_READONLY", "S212"),
    ("SQLITE_FULL", "S214"),
    ("SQLITE_IOERR", "S214"),
    ("SQLITE_NOMEM", "S214"),
    ("SQLITE_CANTOPEN", "S204"),
    ("SQLITE_CORRUPT", "S221"),
    ("SQLITE_NOTADB", "S221"),
    ("SQLITE_CONSTRAINT", "S217"),
    ("SQLITE_INTERRUPT", "S222"),
    ("SQLITE_MISMATCH", "S223"),
    ("SQLITE_TOOBIG", "S223"),
    ("SQLITE_PERM", "S211"),
    ("SQLITE_AUTH", "S211"),
)
_SQLITE_MISSING: Final = (
    (re.compile(r"no such table: (?:main\.)?(.+)"), "S210"),
    (re.compile(r"no such column: (.+)"), "S220"),
)
_SQLITE_CONSTRAINT: Final = re.compile(r"(?:UNIQUE|NOT NULL) constraint failed: (.+)")


def _sqlite(error: Exception) -> Fault:
    text = str(error)
    name = getattr(error, "sqlite_errorname", "") or ""
    code = next((code for start, code in _SQLITE_NAMES if name.startswith(start)), "")
    if code == "S217":
        raised = name == "SQLITE_CONSTRAINT_TRIGGER"
        return Fault(code=code, subject=_TRIGGER if raised else _group(_SQLITE_CONSTRAINT, text))
    if code:
        return Fault(code=code)
    for words, missing in _SQLITE_MISSING:
        if found := words.search(text):
            return Fault(code=missing, subject=found[1])
    return Fault(code="S219", subject=name or type(error).__name__)


def _group(pattern: re.Pattern[str], text: str) -> str:
    """The first group that matched, or nothing."""
    found = pattern.search(text)
    return next((group for group in found.groups() if group), "") if found else ""
