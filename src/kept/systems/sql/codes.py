"""Finding codes of SQL systems: one table that the findings and the reference share.

In a text, `{subject}` is the table, column, variable or constraint that the finding is about.
"""

from __future__ import annotations

from typing import Final

from kept.policy.codes import Code
from kept.policy.findings import Finding, Severity

_URL: Final = (
    "write postgresql://USER:PASSWORD@HOST/DATABASE, mariadb://… or sqlite:///PATH; characters like @ : / in the"
    " password are percent-encoded"
)

_TABLE: Final = (
    Code(
        code="S201",
        title="the environment variable {subject} is not set",
        page="A system's `url` says `env:NAME`, and the environment has no such variable, or an empty one.",
        why="the address of a system and its password stand in the environment, never in the policy file",
        help="export {subject}=postgresql://USER:PASSWORD@HOST/DATABASE (or mariadb://…, sqlite:///PATH)",
    ),
    Code(
        code="S202",
        title="this is not the URL of a database that Kept speaks",
        page="The URL cannot be read, or names another kind of database than PostgreSQL, MariaDB or SQLite.",
        help=_URL,
    ),
    Code(
        code="S203",
        title="the driver {subject} is not installed",
        page="The driver of this kind of database is an extra of the installation.",
        help="pip install 'kept[mysql]' for MariaDB; PostgreSQL's driver comes with Kept itself",
    ),
    Code(
        code="S204",
        title="the SQLite file is not there, or this user may not open it",
        page="Kept never creates a customer's database: a wrong path would be an empty one, and every promise kept.",
        help="give the path of an existing file: sqlite:///PATH (four slashes for an absolute path)",
    ),
    Code(
        code="S205",
        title="an SQLite database in memory is empty each time it is opened",
        page="A database in memory belongs to one connection; nothing can be proven about it.",
        help="give the path of an existing file: sqlite:///PATH",
    ),
    Code(
        code="S206",
        title="the database server cannot be reached",
        page="The host is unknown, nothing listens at the port, or the network gives no answer within ten seconds.",
        help="check host and port of the URL, the firewall, and that the server runs",
    ),
    Code(
        code="S207",
        title="the database refused the login",
        page="The role or the password is wrong, or the server's own rules do not admit this role from here.",
        help="check user and password of the URL (percent-encode special characters) and the server's access rules",
    ),
    Code(
        code="S208",
        title="there is no such database, or this role may not enter it",
        page="The name after the host in the URL is not a database of this server, or the role has no privilege in it.",
        help="check the last part of the URL, or grant the role access to the database",
    ),
    Code(
        code="S209",
        title="the database gives no further connection",
        page="The limit of connections, of the server or of the role, is reached.",
        help="wait, close other clients, or raise the limit of connections",
    ),
    Code(
        code="S210",
        title="table {subject} does not exist",
        page="The policy, or a plan, speaks of a table that the database does not have in its default schema.",
        help="run `kept scan --diff`, then mend the `systems` section or the search path of the role",
    ),
    Code(
        code="S211",
        title="the role may not use {subject}",
        page="The privilege for the statement is missing. `kept doctor` lists all that the map needs.",
        help="the owner runs: GRANT {privilege} ON {subject} TO ROLE; `kept doctor` prints all grants the map needs",
    ),
    Code(
        code="S212",
        title="the database is read-only",
        page="A replica, a read-only file or file system, or a session set to read only: nothing was changed.",
        help="give the URL of the primary, or make the file and its folder writable for this user",
    ),
    Code(
        code="S213",
        title="the connection to the database was lost",
        page="The server ended or the network broke. What a transaction did is read from its marker, never assumed.",
        help="see that the server runs, then start the same command again: it continues where it stood",
    ),
    Code(
        code="S214",
        title="the database has no room left or cannot write",
        page="Disk, quota or memory is used up on the database's side; the transaction was rolled back.",
        help="free space on the database's disk, then start the same command again",
    ),
    Code(
        code="S215",
        title="another transaction holds a lock",
        page="The lock was not had within five seconds; nothing was changed. Kept does not make an application wait.",
        help="try again later, or look for a transaction that stays open",
    ),
    Code(
        code="S216",
        title="the database ended the transaction because it conflicted with another one",
        page="A deadlock or a serialisation failure; the transaction was rolled back and may be tried again.",
        help="try again; if it happens often, run at a quieter hour",
    ),
    Code(
        code="S217",
        title="the change would violate a constraint: {subject}",
        page="A unique, not-null, check or foreign-key constraint forbids it. The value is not shown.",
        why="constraints are never switched off",
        help="map the table that refers here, or choose another outcome for the column",
    ),
    Code(
        code="S218",
        title="row-level security would hide rows of {subject} from this role",
        page="Kept sets `row_security = off`, so the database raises an error where it would otherwise leave rows out.",
        why="a count that leaves rows out proves nothing",
        help="use a role with BYPASSRLS for Kept, or take row-level security off the table",
    ),
    Code(
        code="S219",
        title="the database reported an error ({subject})",
        page="An error that Kept has no better word for; the database's own log has its text.",
        help="look for the error in the log of the database",
    ),
    Code(
        code="S220",
        title="column {subject} does not exist",
        page="The policy, or a plan, speaks of a column that the table no longer has.",
        help="run `kept scan --diff`, then mend the `systems` section and plan again",
    ),
    Code(
        code="S221",
        title="the file is not an SQLite database, or it is damaged",
        page="The file's head or its pages are not what SQLite expects. An encrypted file looks the same.",
        help="check the path; run `PRAGMA integrity_check` with the sqlite3 program; restore a backup if it is damaged",
    ),
    Code(
        code="S222",
        title="the database cut the statement off",
        page="A time limit of the server or the role, or an administrator, ended the statement; nothing was changed.",
        help="raise the time limit of the role Kept uses (statement_timeout, max_statement_time)",
    ),
    Code(
        code="S223",
        title="a value does not fit its column",
        page="Type, length or encoding of a value does not fit. It is not shown; the transaction was rolled back.",
        help="check the column's type against the policy (`kept scan --diff`), then plan again",
    ),
    Code(
        code="S224",
        title="the server is MySQL; Kept is tried with MariaDB",
        page="MySQL's catalogue and error numbers differ in places. It is refused until it is tested.",
        help="use MariaDB 10.6 or later, PostgreSQL or SQLite",
    ),
    Code(
        code="S225",
        title="the connection has no default schema",
        page="The role's search_path names no schema that exists or that it may use.",
        help="ALTER ROLE … SET search_path, or GRANT USAGE ON SCHEMA … to the role",
    ),
    Code(
        code="S226",
        title="the canary table {subject} has no key of one column",
        page="A canary names one row by one value; its table needs a key of exactly one column.",
        why="«nothing found» is believed only after a known row was found with the same credential",
        help="name a row of another table, or declare `key` for {subject} in `systems`",
    ),
    Code(
        code="S227",
        title="the canary's key is not of the type of the key of {subject}",
        page="The key column holds numbers, and the canary names something else.",
        why="«nothing found» is believed only after a known row was found with the same credential",
        help="write the number of a row that always stays, for instance `canary: {{table: {subject}, key: 1}}`",
    ),
    Code(
        code="S230",
        title="the role {subject} is a superuser",
        page="A superuser is subject to no grant and no policy; a mistake, or a stolen password, has no bounds.",
        why="Art. 25 and 32 GDPR: a role that can do everything is no technical measure",
        help="make a role with the grants that `kept doctor --grants` prints, or waive this with `--superuser`",
    ),
    Code(
        code="S231",
        title="the role lacks a privilege on {subject}",
        page="The map needs it to count, to change or to delete rows of this table.",
        help="the owner runs: GRANT {privilege} ON {subject} TO ROLE; `kept doctor --grants` prints all of them",
    ),
    Code(
        code="S232",
        title="the role {subject} may do more than the map needs",
        page="A privilege that is never used can only do harm. Reading more is not reported: a scan reads all tables.",
        why="Art. 25(2) GDPR: no more access than the purpose needs",
        help="revoke {privilege}",
        severity=Severity.WARNING,
    ),
    Code(
        code="S233",
        title="the marker table {subject} is not there and this role cannot create it",
        page="Each batch writes a marker in the transaction of its change; without the table nothing is applied.",
        help="the owner creates it: `kept doctor --grants` prints the statement",
    ),
    Code(
        code="S234",
        title="the catalogue hides tables or triggers from this role",
        page="MariaDB shows tables only to roles that may read them, and triggers only to roles with TRIGGER.",
        why="a cascade or a trigger that Kept cannot see could copy or destroy rows no plan names",
        help="GRANT SELECT, TRIGGER ON DATABASE.* TO the role",
    ),
    Code(
        code="S236",
        title="the database is {subject}: nothing can be applied here",
        page="A replica, a read-only server or file. Counting and proving work, applying does not.",
        help="give the URL of the primary, or make the file and its folder writable for this user",
        severity=Severity.WARNING,
    ),
    Code(
        code="S237",
        title="trigger {subject} is not reviewed",
        page="The policy does not list this trigger. A plan that touches its table is refused until it is.",
        why="a trigger can copy what a plan deletes (Art. 17(1), 5(1)(e) GDPR)",
        help="read it; if it copies nothing personal, list it under `triggers` of its table",
        severity=Severity.WARNING,
    ),
    Code(
        code="S238",
        title="deleting mapped rows would reach table {subject}, which is not in the map",
        page="A foreign key with ON DELETE CASCADE, SET NULL or SET DEFAULT points at a mapped table.",
        why="a plan names every row it touches",
        help="map {subject} with `of` and `via`",
        severity=Severity.WARNING,
    ),
    Code(
        code="S239",
        title="table {subject} keeps no transactions",
        page="Its storage engine cannot roll back, so a change and its marker would not stand or fall together.",
        help="ALTER TABLE {subject} ENGINE = InnoDB",
    ),
    Code(
        code="S240",
        title="table {subject} keeps every deleted row in its history",
        page="A system-versioned table: DELETE only ends a row's validity, the old values stay readable.",
        why="Art. 17(1) GDPR: a row that stays readable is not erased",
        help="ALTER TABLE {subject} DROP SYSTEM VERSIONING, or let its history expire by partition",
    ),
    Code(
        code="S241",
        title="rows of {subject} may be hidden from this role",
        page="A view stands in place of the table, a policy filters it, it is missing, or the role may not read it.",
        why="a count that leaves rows out proves nothing",
        help="map the table itself, not a view; give the role SELECT, and BYPASSRLS where policies filter rows",
    ),
    Code(
        code="S242",
        title="the clocks of Kept and of the database differ by more than five minutes",
        page="Dates decide what is deleted. While the clocks disagree nothing should be applied.",
        help="set both by the same time service",
    ),
    Code(
        code="S243",
        title="table {subject} of the map does not exist",
        page="The policy lists a table that the database does not have in its default schema.",
        help="correct the name in `systems`, or the search path of the role",
    ),
)

CODES: Final = {code.code: code for code in _TABLE}


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
