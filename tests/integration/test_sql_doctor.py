"""Doctor: minimal grants suffice, more is named, less is named, and nothing hidden goes unseen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from kept.map.system import Canary, Parent, System, TableEntry
from kept.policy.findings import Severity
from kept.systems.sql.connect import connect
from kept.systems.sql.doctor import Examination, examine
from kept.systems.sql.grants import grants_sql, needs
from kept.systems.sql.marker import ensure
from kept.systems.sql.reflect import describe
from kept.testing import Database

SYSTEM = System(
    name="shop",
    url="env:SHOP",
    tables=(
        TableEntry(name="account", kind="account"),
        TableEntry(name="account user", person="customer", parents=(Parent(table="account", via=("account_id",)),)),
    ),
    canary=Canary(table="plan", key="1"),
)


@pytest.fixture
def shop(server: Database) -> Database:
    mark = "`" if server.dialect == "mariadb" else '"'
    server.run(
        "CREATE TABLE account (id INTEGER PRIMARY KEY)",
        f"CREATE TABLE {mark}account user{mark} (id INTEGER PRIMARY KEY, account_id INTEGER, email VARCHAR(99),"
        " FOREIGN KEY (account_id) REFERENCES account (id) ON DELETE CASCADE)",
        "CREATE TABLE plan (id INTEGER PRIMARY KEY)",
        "CREATE TABLE price (id INTEGER PRIMARY KEY)",
        "INSERT INTO account VALUES (1)",
    )
    return server


def check(database: Database, system: System = SYSTEM, **options: bool | datetime) -> Examination:
    engine = database.engine()
    return examine(engine, describe(engine), system, **options)  # type: ignore[arg-type]


def codes(examination: Examination) -> set[str]:
    return {finding.code for finding in examination.findings}


def grant(shop: Database, role: str) -> None:
    """Run the printed script as the owner, statement by statement."""
    script = grants_sql(shop.dialect, SYSTEM, describe(shop.engine()), role)
    lines = "\n".join(line for line in script.splitlines() if not line.startswith("--"))
    shop.run(*(statement for statement in lines.split(";") if statement.strip()))


def test_the_printed_grants_are_enough_and_not_too_much(shop: Database, stranger: Database) -> None:
    grant(shop, stranger.role)
    examination = check(stranger)
    assert examination.findings == ()
    facts = dict(examination.facts)
    assert stranger.role in facts["role"]
    assert facts["marker table"] == "is there"
    assert facts["tables"] == "4, of them 2 of 2 in the map"


def test_the_printed_grants_carry_out_what_the_map_needs(shop: Database, stranger: Database) -> None:
    grant(shop, stranger.role)
    with stranger.engine().begin() as connection:
        ensure(connection)
        connection.exec_driver_sql("DELETE FROM account WHERE id = 1")
        connection.exec_driver_sql("SELECT count(*) FROM plan")
        connection.exec_driver_sql("SELECT 1 FROM kept_marker WHERE step = 0 FOR UPDATE")
    assert describe(stranger.engine()).fingerprint == describe(shop.engine()).fingerprint
    for forbidden in (
        "DELETE FROM plan",
        "UPDATE price SET id = 2",
        "DROP TABLE account",
        "INSERT INTO account VALUES (9)",
    ):
        with pytest.raises(sa.exc.DBAPIError), stranger.engine().begin() as connection:
            connection.exec_driver_sql(forbidden)


def test_a_missing_privilege_names_table_and_grant(shop: Database, stranger: Database) -> None:
    grant(shop, stranger.role)
    shop.run(f"REVOKE DELETE ON account FROM {stranger.role}")
    (finding,) = check(stranger).findings
    assert (finding.code, finding.where) == ("S231", "shop.account")
    assert "DELETE" in finding.message
    assert "GRANT DELETE ON account" in finding.help


def test_a_privilege_nobody_needs_is_a_warning_that_names_it(shop: Database, stranger: Database) -> None:
    grant(shop, stranger.role)
    shop.run(f"GRANT DELETE ON price TO {stranger.role}")
    (finding,) = check(stranger).findings
    assert (finding.code, finding.severity) == ("S232", Severity.WARNING)
    assert "DELETE on `price`" in finding.message
    assert stranger.role in finding.message


def test_a_superuser_is_refused_unless_waived(shop: Database) -> None:
    assert "S230" in codes(check(shop))
    assert codes(check(shop, superuser=True)) == set()


def test_a_role_without_any_grant_is_told_everything_at_once(shop: Database, stranger: Database) -> None:
    engine = stranger.engine()
    examination = examine(engine, describe(shop.engine()), SYSTEM)
    tables = {finding.where for finding in examination.findings if finding.code == "S231"}
    assert tables == {"shop.account", "shop.account user", "shop.plan"}
    assert "S233" in codes(examination)
    assert ("S234" in codes(examination)) == (shop.dialect == "mariadb")


def test_a_marker_table_of_another_owner_needs_its_grants(shop: Database, stranger: Database) -> None:
    grant(shop, stranger.role)
    shop.run(f"REVOKE INSERT ON kept_marker FROM {stranger.role}")
    (finding,) = check(stranger).findings
    assert (finding.code, finding.where) == ("S231", "shop.kept_marker")


def test_the_owner_of_the_tables_may_do_more_than_the_map_needs(shop: Database, stranger: Database) -> None:
    if shop.dialect == "postgresql":
        shop.run(f"ALTER TABLE price OWNER TO {stranger.role}")
    else:
        shop.run(f"GRANT DROP ON price TO {stranger.role}")
    grant(shop, stranger.role)
    (finding,) = check(stranger).findings
    assert finding.code == "S232"
    assert "`price`" in finding.message


def test_the_needs_of_the_map_are_changes_there_and_reading_elsewhere(shop: Database) -> None:
    assert needs(SYSTEM, describe(shop.engine())) == {
        "plan": ("SELECT",),
        "account": ("SELECT", "UPDATE", "DELETE"),
        "account user": ("SELECT", "UPDATE", "DELETE"),
    }


def test_names_in_the_printed_grants_are_quoted(shop: Database) -> None:
    schema = describe(shop.engine())
    script = grants_sql(shop.dialect, SYSTEM, schema, 'kept"; DROP TABLE account; --`')
    if shop.dialect == "postgresql":
        assert '"public"."account user"' in script
        assert 'TO "kept""; DROP TABLE account; --`"' in script
    else:
        assert "ON `account user`" in script
        assert 'TO `kept"; DROP TABLE account; --```@`%`' in script


def plain(database: Database) -> System:
    database.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY)",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person_id INTEGER,"
        " FOREIGN KEY (person_id) REFERENCES person (id) ON DELETE CASCADE)",
        "CREATE TABLE bill (id INTEGER PRIMARY KEY, person_id INTEGER, FOREIGN KEY (person_id) REFERENCES person (id))",
    )
    return System(name="shop", url="env:SHOP", tables=(TableEntry(name="person", person="customer"),))


def test_a_cascade_into_an_unmapped_table_is_named(database: Database) -> None:
    system = plain(database)
    cascades = [f for f in check(database, system, superuser=True).findings if f.code == "S238"]
    assert [finding.where for finding in cascades] == ["shop.note"]


def test_a_trigger_is_named_until_it_is_reviewed(database: Database) -> None:
    system = plain(database)
    body = "BEGIN UPDATE bill SET id = id; END" if database.dialect == "sqlite" else "UPDATE bill SET id = id"
    each = "" if database.dialect == "sqlite" else "FOR EACH ROW "
    if database.dialect == "postgresql":
        database.run("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'")
        body = "EXECUTE FUNCTION f()"
    database.run(f"CREATE TRIGGER copies AFTER DELETE ON person {each}{body}")
    (finding,) = [f for f in check(database, system, superuser=True).findings if f.code == "S237"]
    assert "`copies`" in finding.message
    reviewed = System(name="shop", url="", tables=(TableEntry(name="person", triggers=("copies",)),))
    assert "S237" not in codes(check(database, reviewed, superuser=True))


def test_a_mapped_view_and_a_missing_table_are_named(database: Database) -> None:
    database.run("CREATE TABLE everyone (id INTEGER)", "CREATE VIEW person AS SELECT id FROM everyone")
    system = System(name="shop", url="", tables=(TableEntry(name="person"), TableEntry(name="gone")))
    found = {finding.code: finding.where for finding in check(database, system, superuser=True).findings}
    assert found == {"S241": "shop.person", "S243": "shop.gone"}


def test_a_read_only_session_is_named(database: Database) -> None:
    system = plain(database)
    engine = database.engine(readonly=True)
    assert "S236" in codes(examine(engine, describe(engine), system, superuser=True))
    assert "S236" not in codes(check(database, system, superuser=True))


def test_clocks_that_disagree_are_named(database: Database) -> None:
    system = plain(database)
    now = datetime.now(UTC)
    assert "S242" not in codes(check(database, system, superuser=True, now=now))
    assert "S242" in codes(check(database, system, superuser=True, now=now - timedelta(minutes=7)))


@pytest.mark.mariadb
def test_tables_without_transactions_or_with_a_history_are_named(mariadb: Database) -> None:
    mariadb.run(
        "CREATE TABLE person (id INTEGER PRIMARY KEY) ENGINE = MyISAM",
        "CREATE TABLE note (id INTEGER PRIMARY KEY) WITH SYSTEM VERSIONING",
    )
    system = System(name="shop", url="", tables=(TableEntry(name="person"), TableEntry(name="note")))
    found = {(finding.code, finding.where) for finding in check(mariadb, system, superuser=True).findings}
    assert found == {("S239", "shop.person"), ("S240", "shop.note")}


def test_an_sqlite_file_is_described_by_its_facts(sqlite: Database) -> None:
    examination = check(sqlite, plain(sqlite))
    facts = dict(examination.facts)
    assert facts["database"].startswith("sqlite 3.")
    assert facts["deleted rows are overwritten"] == "yes"
    assert facts["journal"] == "delete"
    assert "role" not in facts
    assert codes(examination) == {"S238"}
    assert "no roles" in grants_sql("sqlite", SYSTEM, describe(sqlite.engine()), "kept")


def test_no_password_stands_in_an_examination(stranger: Database) -> None:
    engine = connect(stranger.url, name="shop", env={})
    examination = examine(engine, describe(engine), SYSTEM)
    assert str(sa.make_url(stranger.url).password) not in repr(examination)
    engine.dispose()
