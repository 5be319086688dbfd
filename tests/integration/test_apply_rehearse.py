"""What would be refused in a late table is refused before the first; what still comes late is told as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from tests.samples.shop import LONG_AGO, Shop, policy, refused

from kept.app import applying
from kept.app.applying import Outcome
from kept.store.runs import State
from kept.systems.sql import change, marker, ranges, rehearse
from kept.systems.sql.system import SqlSystem
from kept.work import walk

pytestmark = pytest.mark.usefixtures("batches")

MANY = 70
"""Rows of a table: more than a rehearsal picks when it cannot try them all."""
EIGHT = range(1, 9)
PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}%s}\n"
DELETE = "account: {from: collected, keep: at most 60 days, then: delete}"
ANONYMISE = DELETE.replace("delete", "anonymise")


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is small enough to be tried whole: a rehearsal picks rows."""
    monkeypatch.setattr(rehearse, "ENTIRE", 0)


def people(shop: Shop, number: int, *more: str) -> None:
    """So many people who are due, with a lock nobody closed."""
    rows = ", ".join(f"({each}, 'p{each}', '{LONG_AGO}', 0)" for each in range(1, number + 1))
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP , locked INTEGER)",
        f"INSERT INTO person VALUES {rows}",
        *more,
    )


def child(name: str, rows: int, *, of: int = 0, keyed: bool = True) -> tuple[str, str]:
    """A table of rows that belong to person `of`, or one to each person."""
    reference = ", FOREIGN KEY (person) REFERENCES person (id)" if keyed else ""
    values = ", ".join(f"({each}, {of or each}, 'x', 0)" for each in range(1, rows + 1))
    return (
        f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, person INTEGER, note VARCHAR(20), locked INTEGER{reference})",
        f"INSERT INTO {name} VALUES {values}",
    )


def mapped(*names: str, more: str = "") -> str:
    """The lines of the policy for tables made by `child`."""
    return "".join(f"{name}: {{key: id, of: person, via: person, kind: account{more}}}\n" for name in names)


def guard(shop: Shop, table: str, act: str = "raise") -> None:
    """A trigger before each deletion: where `locked` is 1 it raises, or leaves the row where it is."""
    dialect = shop.database.dialect
    if dialect == "postgresql":
        deed = "RAISE EXCEPTION 'no, %', OLD.id" if act == "raise" else "RETURN NULL"
        shop.database.run(
            f"CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN IF OLD.locked = 1 THEN {deed}; END IF; RETURN OLD; END $$",
            f"CREATE TRIGGER guard BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION guard()",
        )
    elif dialect == "mariadb":
        shop.database.run(
            f"CREATE TRIGGER guard BEFORE DELETE ON {table} FOR EACH ROW BEGIN"
            " IF OLD.locked = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF; END"
        )
    else:
        deed = "ABORT, 'no'" if act == "raise" else "IGNORE"
        shop.database.run(
            f"CREATE TRIGGER guard BEFORE DELETE ON {table} WHEN OLD.locked = 1 BEGIN SELECT RAISE({deed}); END"
        )


def stopped_untouched(shop: Shop, code: str = "S217") -> Outcome:
    """The plan is stopped with this code and not one cell is changed."""
    planned = shop.plan()
    before = shop.picture()
    outcome = shop.apply(planned)
    assert (outcome.state, [finding.code for finding in outcome.findings]) == (State.STOPPED, [code])
    assert shop.picture() == before
    return outcome


# Refusals that only one row meets, in the last table.


def test_a_check_that_one_row_of_the_eighth_table_fails_leaves_all_eight(shop: Shop) -> None:
    tables = [child(f"t{number}", MANY) for number in EIGHT]
    people(shop, MANY, *(statement for made in tables for statement in made))
    shop.run(f"UPDATE t8 SET locked = 1 WHERE id = {MANY - 1}")
    if shop.database.dialect == "sqlite":
        shop.run(
            "CREATE TABLE other (id INTEGER PRIMARY KEY, person INTEGER, note VARCHAR(20), locked INTEGER,"
            " CONSTRAINT sound CHECK (locked = 0 OR note IS NOT NULL))",
            "INSERT INTO other SELECT * FROM t8",
            "DROP TABLE t8",
            "ALTER TABLE other RENAME TO t8",
        )
    else:
        shop.run("ALTER TABLE t8 ADD CONSTRAINT sound CHECK (locked = 0 OR note IS NOT NULL)")
    fixed = ", columns: {locked: {fate: keep, reason: a mark}}"
    names = mapped(*(f"t{number}" for number in EIGHT), more=fixed)
    shop.write(policy(PERSON % fixed + names, retention=ANONYMISE))
    stopped_untouched(shop)


def test_a_trigger_that_refuses_one_row_of_the_parents_leaves_their_children(shop: Shop) -> None:
    people(shop, MANY, *child("note", MANY))
    shop.run(f"UPDATE person SET locked = 1 WHERE id = {MANY - 1}")
    guard(shop, "person")
    shop.write(policy(PERSON % ", triggers: [guard]" + mapped("note"), retention=DELETE))
    outcome = stopped_untouched(shop)
    assert outcome.findings[0].message.startswith("the change would violate a constraint: `trigger`")
    assert "committed" not in outcome.findings[0].why


def test_a_trigger_that_keeps_a_row_in_silence_leaves_everything(shop: Shop) -> None:
    if shop.database.dialect == "mariadb":
        pytest.skip("a trigger of MariaDB cannot skip a row")
    people(shop, MANY, *child("note", MANY))
    shop.run(f"UPDATE person SET locked = 1 WHERE id = {MANY - 1}")
    guard(shop, "person", "keep")
    shop.write(policy(PERSON % ", triggers: [guard]" + mapped("note"), retention=DELETE))
    stopped_untouched(shop, "S316")


def test_a_foreign_key_of_a_table_outside_the_map_is_refused_while_planning(shop: Shop) -> None:
    people(shop, 3, *child("note", 3), *child("outside", 1))
    shop.write(policy(PERSON % "" + mapped("note"), retention=DELETE))
    with refused("S303"):
        shop.plan()
    assert shop.ids("note") == shop.ids("person") == [1, 2, 3]


def test_a_foreign_key_that_appears_after_the_last_look_is_met_by_the_rehearsal(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(shop, MANY, *child("note", MANY))
    shop.write(policy(PERSON % "" + mapped("note"), retention=DELETE))
    planned, before, opening = shop.plan(), shop.picture(), SqlSystem.open_run

    def late(system: SqlSystem, run: str, attempt: int) -> None:
        opening(system, run, attempt)
        shop.run(*child("outside", 1))

    monkeypatch.setattr(SqlSystem, "open_run", late)
    outcome = shop.apply(planned)
    assert [finding.code for finding in outcome.findings] == ["S217"]
    assert {name: shop.picture()[name] for name in before} == before


@pytest.mark.parametrize("deferred", ["", " DEFERRABLE INITIALLY DEFERRED"])
def test_a_constraint_that_waits_for_the_commit_is_asked_by_the_rehearsal(shop: Shop, deferred: str) -> None:
    if shop.database.dialect != "postgresql":
        pytest.skip("constraint triggers exist on PostgreSQL only")
    people(shop, MANY, *child("note", MANY))
    shop.run(f"UPDATE person SET locked = 1 WHERE id = {MANY - 1}")
    shop.database.run(
        "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF OLD.locked = 1 THEN RAISE EXCEPTION 'no'; END IF; RETURN NULL; END $$",
        f"CREATE CONSTRAINT TRIGGER guard AFTER DELETE ON person{deferred} FOR EACH ROW EXECUTE FUNCTION guard()",
    )
    shop.write(policy(PERSON % ", triggers: [guard]" + mapped("note"), retention=DELETE))
    stopped_untouched(shop)


def test_a_marker_that_keeps_no_transactions_is_no_marker(shop: Shop) -> None:
    if shop.database.dialect != "mariadb":
        pytest.skip("tables without transactions exist on MariaDB only")
    people(shop, MANY, *child("note", MANY))
    marker.METADATA.create_all(shop.database.engine())
    shop.run("ALTER TABLE kept_marker ENGINE = MyISAM")
    shop.write(policy(PERSON % "" + mapped("note"), retention=DELETE))
    stopped_untouched(shop, "S239")


# Where the steps are too large to be tried whole.


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("refusing", [True, False])
def test_a_parent_with_two_hundred_children_is_tried_with_all_of_them(shop: Shop, *, refusing: bool) -> None:
    people(shop, 1, *child("note", 200, of=1))
    shop.run(f"UPDATE person SET locked = {int(refusing)}")
    guard(shop, "person")
    shop.write(policy(PERSON % ", triggers: [guard]" + mapped("note"), retention=DELETE))
    if refusing:
        stopped_untouched(shop)
    else:
        assert shop.apply(shop.plan()).state is State.VERIFIED
        assert shop.ids("note") == shop.ids("person") == []


@pytest.mark.usefixtures("large")
def test_a_family_too_large_to_be_tried_is_no_reason_to_refuse(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearse, "FAMILY", 30)
    monkeypatch.setattr(rehearse, "ROOTS", 5)
    people(shop, 3, *child("note", 40, of=1), "INSERT INTO note VALUES (41, 2, 'x', 0)", *child("part", 3))
    shop.run(
        "CREATE TABLE line (id INTEGER PRIMARY KEY, note INTEGER, FOREIGN KEY (note) REFERENCES note (id))",
        f"INSERT INTO line VALUES {', '.join(f'({each}, 41)' for each in range(1, 36))}",
    )
    names = mapped("note", "part") + "line: {key: id, of: note, via: note, kind: account}"
    shop.write(policy(PERSON % "" + names, retention=DELETE))
    tried, among = [0], rehearse._among

    def counting(columns: Sequence[str], found: Sequence[tuple[object, ...]]) -> change.Limit:
        tried.append(len(found))
        return among(columns, found)

    monkeypatch.setattr(rehearse, "_among", counting)
    assert shop.apply(shop.plan()).state is State.VERIFIED
    assert 0 < max(tried) <= 35
    assert shop.ids("line") == shop.ids("part") == shop.ids("note") == shop.ids("person") == []


@pytest.mark.usefixtures("large")
def test_grandchildren_below_two_parents_go_before_both(shop: Shop) -> None:
    people(shop, MANY, *child("note", MANY), *child("part", MANY))
    pairs = ", ".join(f"({each}, {each}, {MANY + 1 - each})" for each in range(1, MANY + 1))
    shop.run(
        "CREATE TABLE line (id INTEGER PRIMARY KEY, note INTEGER, part INTEGER,"
        " FOREIGN KEY (note) REFERENCES note (id), FOREIGN KEY (part) REFERENCES part (id))",
        f"INSERT INTO line VALUES {pairs}",
    )
    line = "line: {key: id, of: [{table: note, via: note}, {table: part, via: part}], kind: account}"
    shop.write(policy(PERSON % "" + mapped("note", "part") + line, retention=DELETE))
    assert shop.apply(shop.plan()).state is State.VERIFIED
    assert shop.ids("line") == shop.ids("person") == []


@pytest.mark.usefixtures("large")
def test_a_rehearsal_needs_no_more_statements_for_more_rows(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    people(shop, 4, *child("note", 4), *child("part", 4))
    shop.write(policy(PERSON % "" + mapped("note", "part"), retention=DELETE))
    few = _statements(shop, monkeypatch)
    values = ", ".join(f"({each}, 'p', '{LONG_AGO}', 0)" for each in range(5, 300))
    shop.run(f"INSERT INTO person VALUES {values}")
    for name in ("note", "part"):
        shop.run(f"INSERT INTO {name} SELECT id, id, 'x', 0 FROM person WHERE id > 4")
    assert _statements(shop, monkeypatch) == few
    assert few > 0


def _statements(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many statements a rehearsal of the plan of now takes; nothing is applied."""
    counted: list[str] = []
    rehearse = SqlSystem.rehearse

    def listening(system: SqlSystem, tasks: list[object]) -> None:
        sa.event.listen(system.engine, "before_cursor_execute", lambda *words: counted.append(words[2]))
        rehearse(system, tasks)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(SqlSystem, "rehearse", listening)
        patch.setattr(applying, "_pause_asked", lambda _context, _run: True)
        assert shop.apply(shop.plan()).state is State.PAUSED
    return len([each for each in counted if not each.startswith("BEGIN")])


# Tables that point at themselves.


def thread(shop: Shop, *, staying: bool) -> None:
    """Answers that point at what they answer, the last of them by somebody who stays."""
    people(shop, 1, "INSERT INTO person VALUES (2, 'stays', NULL, 0)", *child("note", 1))
    answers = ", ".join(f"({each}, 1, {each - 1})" for each in range(2, MANY + 1))
    shop.run(
        "CREATE TABLE post (id INTEGER PRIMARY KEY, person INTEGER, answers INTEGER)",
        f"INSERT INTO post VALUES (1, 1, NULL), {answers}, ({MANY + 1}, 2, {1 if staying else 'NULL'})",
    )
    if shop.database.dialect == "sqlite":
        shop.run("ALTER TABLE post RENAME TO old")
        shop.run(
            "CREATE TABLE post (id INTEGER PRIMARY KEY, person INTEGER, answers INTEGER REFERENCES post (id))",
            "INSERT INTO post SELECT * FROM old",
            "DROP TABLE old",
        )
    else:
        shop.run("ALTER TABLE post ADD FOREIGN KEY (answers) REFERENCES post (id)")
    shop.write(policy(PERSON % "" + mapped("note", "post"), retention=DELETE))


@pytest.mark.parametrize("size", ["small", "large"])
def test_a_table_that_points_at_itself_goes_in_one_statement(
    shop: Shop, size: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    if size == "large":
        request.getfixturevalue("large")
    for name in ("BLOCKS", "ROWS", "ROWIDS"):
        monkeypatch.setattr(ranges, name, 1)
    thread(shop, staying=False)
    assert shop.apply(shop.plan()).state is State.VERIFIED
    assert (shop.ids("post"), shop.ids("person")) == ([MANY + 1], [2])


@pytest.mark.usefixtures("large")
def test_an_answer_that_stays_keeps_what_it_answers_and_all_that_goes_with_it(shop: Shop) -> None:
    thread(shop, staying=True)
    stopped_untouched(shop)


# More than one system.


def test_no_system_is_changed_while_another_would_refuse(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "ATOMIC", 10_000)
    people(shop, 3, *child("note", 3, keyed=False))
    shop.run("UPDATE note SET locked = 1 WHERE id = 3")
    guard(shop, "note")
    second = (
        "  annex:\n    url: env:SHOP\n    clock: UTC\n    canary: {table: canary, key: 1}\n    tables:\n"
        "      note: {key: id, kind: account, on: {collected: at}, triggers: [guard]}\n"
        "      canary: {key: id, kind: account}\nsafety: {stop-above: 100 %}"
    )
    shop.run(
        "ALTER TABLE note ADD COLUMN at TIMESTAMP ",
        f"UPDATE note SET at = '{LONG_AGO}'",
        "UPDATE note SET person = NULL",
    )
    shop.write(policy(PERSON % "", retention=DELETE, safety=second))
    stopped_untouched(shop)


# What still comes late.


@contextmanager
def unrehearsed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A refusal that no rehearsal met."""
    with monkeypatch.context() as patch:
        patch.setattr(SqlSystem, "rehearse", lambda _system, _tasks: None)
        yield


def test_a_late_refusal_says_what_is_done_and_what_is_not(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    people(shop, 5, *child("note", 5), *child("part", 5))
    shop.run("UPDATE person SET locked = 1 WHERE id = 4")
    guard(shop, "person")
    shop.write(policy(PERSON % ", triggers: [guard]" + mapped("note", "part"), retention=DELETE))
    with unrehearsed(monkeypatch):
        outcome = shop.apply(shop.plan())
    assert outcome.state is State.STOPPED
    assert outcome.exit != 0
    assert outcome.findings[0].why.endswith("in whole batches: done shop.note, shop.part; not begun shop.person")
    with shop.context() as context:
        assert [(run.state, run.reason) for run in applying.history(context)] == [(State.STOPPED, "S217")]
    assert (shop.ids("note"), shop.ids("part"), len(shop.ids("person"))) == ([], [], 5)
    assert sum(outcome.rows.values()) == 10


def test_a_run_refused_late_is_told_again_while_the_cause_stands_and_verified_when_it_is_gone(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(shop, 5, *child("note", 5))
    shop.run("UPDATE person SET locked = 1 WHERE id = 4")
    guard(shop, "person")
    shop.write(policy(PERSON % ", triggers: [guard]" + mapped("note"), retention=DELETE))
    planned = shop.plan()
    with unrehearsed(monkeypatch):
        run = shop.apply(planned).run
    again = shop.apply(planned)
    assert (again.run, again.state) == (run, State.STOPPED)
    assert again.findings[0].why.endswith("done shop.note; not begun shop.person")
    shop.run("UPDATE person SET locked = 0")
    ended = shop.resume(run)
    assert (ended.state, sum(ended.rows.values())) == (State.VERIFIED, 10)
    assert shop.ids("person") == shop.ids("note") == []
