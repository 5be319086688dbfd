"""Type families: what a database's own type name means to a clock, a fill value or a scan."""

from __future__ import annotations

import re
from typing import Final

from kept.map.schema import Family

_POSTGRESQL: Final = {
    "text": Family.TEXT,
    "varchar": Family.TEXT,
    "bpchar": Family.TEXT,
    "name": Family.TEXT,
    "citext": Family.TEXT,
    "int2": Family.INTEGER,
    "int4": Family.INTEGER,
    "int8": Family.INTEGER,
    "numeric": Family.DECIMAL,
    "money": Family.OTHER,
    "float4": Family.REAL,
    "float8": Family.REAL,
    "bool": Family.BOOLEAN,
    "date": Family.DATE,
    "timestamp": Family.TIMESTAMP,
    "timestamptz": Family.INSTANT,
    "time": Family.TIME,
    "timetz": Family.TIME,
    "bytea": Family.BINARY,
    "json": Family.JSON,
    "jsonb": Family.JSON,
    "uuid": Family.UUID,
}

_MARIADB: Final = {
    **dict.fromkeys(("char", "varchar", "tinytext", "text", "mediumtext", "longtext"), Family.TEXT),
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), Family.INTEGER),
    **dict.fromkeys(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"), Family.BINARY),
    "decimal": Family.DECIMAL,
    "float": Family.REAL,
    "double": Family.REAL,
    "date": Family.DATE,
    "datetime": Family.TIMESTAMP,
    "timestamp": Family.INSTANT,  # stored in UTC, shown in the session's zone, which is UTC
    "time": Family.TIME,
    "json": Family.JSON,
    "uuid": Family.UUID,
    "enum": Family.ENUM,
}

# In this order: DATETIME before DATE and TIME, JSON and UUID before the affinity rules of SQLite.
_SQLITE: Final = (
    ("BOOL", Family.BOOLEAN),
    ("JSON", Family.JSON),
    ("UUID", Family.UUID),
    ("TIMESTAMPTZ", Family.INSTANT),
    ("WITH TIME ZONE", Family.INSTANT),
    ("DATETIME", Family.TIMESTAMP),
    ("TIMESTAMP", Family.TIMESTAMP),
    ("DATE", Family.DATE),
    ("TIME", Family.TIME),
    ("INT", Family.INTEGER),
    ("CHAR", Family.TEXT),
    ("CLOB", Family.TEXT),
    ("TEXT", Family.TEXT),
    ("STRING", Family.TEXT),
    ("BLOB", Family.BINARY),
    ("REAL", Family.REAL),
    ("FLOA", Family.REAL),
    ("DOUB", Family.REAL),
    ("DEC", Family.DECIMAL),
    ("NUM", Family.DECIMAL),
)

_LENGTH: Final = re.compile(r"\(\s*(\d+)\s*\)")


def postgresql_family(base: str, kind: str) -> Family:
    """Family of a pg_type name; `kind` is its typtype (e: enum)."""
    return Family.ENUM if kind == "e" else _POSTGRESQL.get(base, Family.OTHER)


def mariadb_family(data_type: str, column_type: str) -> Family:
    """Family of an information_schema type; tinyint(1) is what BOOLEAN becomes."""
    if column_type.lower().startswith("tinyint(1)"):
        return Family.BOOLEAN
    return _MARIADB.get(data_type.lower(), Family.OTHER)


def sqlite_family(declared: str) -> Family:
    """Family of a declared type; SQLite takes any word, so the first known part of it decides."""
    upper = declared.upper()
    return next((family for part, family in _SQLITE if part in upper), Family.OTHER)


def sqlite_length(declared: str) -> int | None:
    """Declared length of a text; SQLite does not enforce it, the application's code may."""
    found = _LENGTH.search(declared)
    return int(found[1]) if found and sqlite_family(declared) is Family.TEXT else None
