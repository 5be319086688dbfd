"""Finding codes of SQL systems: one table that the findings and the reference share.

In a text, `{subject}` is the table, column, variable or constraint that the finding is about.
"""

from __future__ import annotations

from typing import Final

from kept.policy.codes import Code
from kept.policy.findings import Finding

_URL: Final = (
    "write postgresql://USER:PASSWORD@HOST/DATABASE, mariadb://… or sqlite:///PATH; characters like @ : / in the"
    " password are percent-encoded"
)

CODES: Final[dict[str, Code]] = {
    "S201": Code(
        title="the environment variable {subject} is not set",
        page="A system's `url` says `env:NAME`, and the environment has no such variable, or an empty one.",
        why="the address of a system and its password stand in the environment, never in the policy file",
        help="export {subject}=postgresql://USER:PASSWORD@HOST/DATABASE (or mariadb://…, sqlite:///PATH)",
    ),
    "S202": Code(
        title="this is not the URL of a database that Kept speaks",
        page="The URL cannot be read, or names another kind of database than PostgreSQL, MariaDB or SQLite.",
        help=_URL,
    ),
    "S203": Code(
        title="the driver {subject} is not installed",
        page="The driver of this kind of database is an extra of the installation.",
        help="pip install 'kept[mysql]' for MariaDB; PostgreSQL's driver comes with Kept itself",
    ),
    "S204": Code(
        title="the SQLite file is not there",
        page="Kept never creates a customer's database: a wrong path would be an empty one, and every promise kept.",
        help="give the path of an existing file: sqlite:///PATH (four slashes for an absolute path)",
    ),
    "S205": Code(
        title="an SQLite database in memory is empty each time it is opened",
        page="A database in memory belongs to one connection; nothing can be proven about it.",
        help="give the path of an existing file: sqlite:///PATH",
    ),
    "S206": Code(
        title="the database server cannot be reached",
        page="The host is unknown, nothing listens at the port, or the network gives no answer within ten seconds.",
        help="check host and port of the URL, the firewall, and that the server runs",
    ),
    "S207": Code(
        title="the database refused the login",
        page="The role or the password is wrong, or the server's own rules do not admit this role from here.",
        help="check user and password of the URL (percent-encode special characters) and the server's access rules",
    ),
    "S208": Code(
        title="there is no such database, or this role may not enter it",
        page="The name after the host in the URL is not a database of this server, or the role has no privilege in it.",
        help="check the last part of the URL, or grant the role access to the database",
    ),
    "S209": Code(
        title="the database gives no further connection",
        page="The limit of connections, of the server or of the role, is reached.",
        help="wait, close other clients, or raise the limit of connections",
    ),
    "S210": Code(
        title="table {subject} does not exist",
        page="The policy, or a plan, speaks of a table that the database does not have in its default schema.",
        help="run `kept scan --diff`, then mend the `systems` section or the search path of the role",
    ),
    "S211": Code(
        title="the role may not use {subject}",
        page="The privilege for the statement is missing. `kept doctor` lists all that the map needs.",
        help="the owner runs: GRANT {privilege} ON {subject} TO ROLE; `kept doctor` prints all grants the map needs",
    ),
    "S212": Code(
        title="the database is read-only",
        page="A replica, a read-only file or file system, or a session set to read only: nothing was changed.",
        help="give the URL of the primary, or make the file and its folder writable for this user",
    ),
    "S213": Code(
        title="the connection to the database was lost",
        page="The server ended or the network broke. What a transaction did is read from its marker, never assumed.",
        help="see that the server runs, then start the same command again: it continues where it stood",
    ),
    "S214": Code(
        title="the database has no room left or cannot write",
        page="Disk, quota or memory is used up on the database's side; the transaction was rolled back.",
        help="free space on the database's disk, then start the same command again",
    ),
    "S215": Code(
        title="another transaction holds a lock",
        page="The lock was not had within five seconds; nothing was changed. Kept does not make an application wait.",
        help="try again later, or look for a transaction that stays open",
    ),
    "S216": Code(
        title="the database ended the transaction because it conflicted with another one",
        page="A deadlock or a serialisation failure; the transaction was rolled back and may be tried again.",
        help="try again; if it happens often, run at a quieter hour",
    ),
    "S217": Code(
        title="the change would violate a constraint: {subject}",
        page="A unique, not-null, check or foreign-key constraint forbids it. The value is not shown.",
        why="constraints are never switched off",
        help="map the table that refers here, or choose another outcome for the column",
    ),
    "S218": Code(
        title="row-level security would hide rows of {subject} from this role",
        page="Kept sets `row_security = off`, so the database raises an error where it would otherwise leave rows out.",
        why="a count that leaves rows out proves nothing",
        help="use a role with BYPASSRLS for Kept, or take row-level security off the table",
    ),
    "S219": Code(
        title="the database reported an error ({subject})",
        page="An error that Kept has no better word for; the database's own log has its text.",
        help="look for the error in the log of the database",
    ),
    "S220": Code(
        title="column {subject} does not exist",
        page="The policy, or a plan, speaks of a column that the table no longer has.",
        help="run `kept scan --diff`, then mend the `systems` section and plan again",
    ),
    "S221": Code(
        title="the file is not an SQLite database, or it is damaged",
        page="The file's head or its pages are not what SQLite expects. An encrypted file looks the same.",
        help="check the path; run `PRAGMA integrity_check` with the sqlite3 program; restore a backup if it is damaged",
    ),
    "S222": Code(
        title="the database cut the statement off",
        page="A time limit of the server or the role, or an administrator, ended the statement; nothing was changed.",
        help="raise the time limit of the role Kept uses (statement_timeout, max_statement_time)",
    ),
    "S223": Code(
        title="a value does not fit its column",
        page="Type, length or encoding of a value does not fit. It is not shown; the transaction was rolled back.",
        help="check the column's type against the policy (`kept scan --diff`), then plan again",
    ),
    "S224": Code(
        title="the server is MySQL; Kept is tried with MariaDB",
        page="MySQL's catalogue and error numbers differ in places. It is refused until it is tested.",
        help="use MariaDB 10.6 or later, PostgreSQL or SQLite",
    ),
    "S225": Code(
        title="the connection has no default schema",
        page="The role's search_path names no schema that exists or that it may use.",
        help="ALTER ROLE … SET search_path, or GRANT USAGE ON SCHEMA … to the role",
    ),
}


def finding(code: str, *, where: str, subject: str = "", privilege: str = "the privilege", doing: str = "") -> Finding:
    """A finding of this table about `subject`, and the phrase for what was going on."""
    entry = CODES[code]
    message = entry.title.format(subject=f"`{subject}`" if subject else "an object")
    return Finding(
        code=code,
        message=f"{message} (while {doing})" if doing else message,
        severity=entry.severity,
        where=where,
        why=entry.why,
        help=entry.help.format(privilege=privilege, subject=subject or "the object"),
    )
