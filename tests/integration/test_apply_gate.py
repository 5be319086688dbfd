"""Exactly the reviewed plan, once: what changed meanwhile, what is missing, what was done already."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest
from tests.samples.shop import LATELY, LONG_AGO, NOW, Shop, policy, refused

from kept.app import applying
from kept.app.planning import Planned
from kept.policy.findings import Exit, Refused
from kept.ports import Cursor, Done, Mark, Task
from kept.store.runs import State
from kept.systems.sql.system import SqlSystem

TABLES = """
person: {is: customer, key: id, find-by: {email: email, phone: phone}, kind: account, on: {collected: at}}
note: {key: id, of: person, via: person_id, kind: account}
"""
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """Two people with notes, Anna's rows long due."""
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), phone VARCHAR(30), at TIMESTAMP )",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person_id INTEGER REFERENCES person (id), text VARCHAR(20))",
        f"INSERT INTO person VALUES (1, 'Anna@X.Example', '0049 (30) 123-45/67', '{LONG_AGO}'),"
        f" (2, 'bob@x.example', '+47 22 222222', '{LATELY}')",
        "INSERT INTO note VALUES (1, 1, 'a'), (2, 1, 'b'), (3, 2, 'c')",
    )
    shop.write(policy(TABLES, retention=RULE))
    return shop


def erasure(shop: Shop, *words: str) -> Planned:
    planned = shop.erasure(*(words or ("email=anna@x.example",)))
    assert planned is not None
    return planned


def untouched(shop: Shop) -> bool:
    return shop.ids("person") == [1, 2] and shop.ids("note") == [1, 2, 3]


@pytest.mark.parametrize(
    "word", ["email=ANNA@x.EXAMPLE", "email= anna@x.example ", "phone=+49301234567", "phone=0049 30 1234567"]
)
def test_a_person_is_erased_by_any_spelling(stocked: Shop, word: str) -> None:
    assert stocked.erase(word).state is State.VERIFIED
    assert (stocked.ids("person"), stocked.ids("note")) == ([2], [3])


def test_an_unknown_person_makes_no_plan_and_no_run(stocked: Shop) -> None:
    before = stocked.picture()
    assert stocked.erasure("email=nobody@x.example") is None
    assert stocked.picture() == before


def test_without_the_canary_nobody_is_called_unknown(stocked: Shop) -> None:
    stocked.run("DELETE FROM canary")
    with refused("S315"):
        stocked.erasure("email=nobody@x.example")


def test_rows_added_since_the_plan_stop_it(stocked: Shop) -> None:
    planned = erasure(stocked)
    stocked.run("INSERT INTO note VALUES (4, 1, 'new')")
    with refused("S307"):
        stocked.apply(planned)
    assert stocked.ids("note") == [1, 2, 3, 4]


def test_fewer_rows_than_planned_are_fine(stocked: Shop) -> None:
    planned = erasure(stocked)
    stocked.run("DELETE FROM note WHERE id = 1")
    outcome = stocked.apply(planned)
    assert (outcome.state, sum(outcome.rows.values())) == (State.VERIFIED, 2)


def test_another_person_under_the_same_address_stops_the_plan(stocked: Shop) -> None:
    planned = erasure(stocked)
    stocked.run(f"INSERT INTO person VALUES (3, 'anna@x.example', NULL, '{LATELY}')")
    with refused("S314"):
        stocked.apply(planned)


def test_a_changed_schema_stops_the_plan(stocked: Shop) -> None:
    planned = erasure(stocked)
    stocked.run("ALTER TABLE note ADD COLUMN extra VARCHAR(9)")
    with pytest.raises(Refused) as caught:
        stocked.apply(planned)
    assert "S308" in {finding.code for finding in caught.value.findings}


def test_a_changed_policy_stops_the_plan(stocked: Shop) -> None:
    planned = erasure(stocked)
    stocked.write(stocked.file.read_text(encoding="utf-8") + "# a remark\n")
    with refused("S313"):
        stocked.apply(planned)


def test_an_expired_plan_is_refused_and_one_for_tomorrow_too(stocked: Shop) -> None:
    planned = stocked.plan()
    with refused("S321"):
        stocked.apply(stocked.plan(as_of="2026-06-16T12:00:00+00:00"))
    with refused("S309"):
        stocked.apply(planned, now=NOW + timedelta(hours=24, seconds=1))
    assert untouched(stocked)


def test_a_plan_file_changed_in_any_byte_is_refused(stocked: Shop) -> None:
    path = stocked.written(erasure(stocked))
    good = path.read_bytes()
    for place in range(0, len(good), max(1, len(good) // 40)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        with pytest.raises(Refused) as caught:
            stocked.apply(path)
        assert {finding.code for finding in caught.value.findings} <= {"S312", "S318"}
    assert untouched(stocked)


def test_a_plan_of_another_store_is_refused(stocked: Shop) -> None:
    path = stocked.written(erasure(stocked))
    for file in stocked.folder.glob(".kept/*"):
        file.unlink()
    for file in stocked.folder.glob("kept*.db*"):
        file.unlink()
    with pytest.raises(Refused):
        stocked.apply(path)
    assert untouched(stocked)


def test_a_plan_that_needs_approval_waits_for_it(stocked: Shop) -> None:
    stocked.write(policy(TABLES, retention=RULE, safety="safety: {stop-above: 100 %, approve: [erasure]}"))
    path = stocked.written(erasure(stocked))
    with refused("S311"):
        stocked.apply(path)
    assert untouched(stocked)
    with stocked.context() as context:
        assert applying.approve(context, path, "privacy-officer")
        assert not applying.approve(context, path, "privacy-officer")
    assert stocked.apply(path).state is State.VERIFIED


def test_a_step_above_the_limit_needs_one_role_more(stocked: Shop) -> None:
    stocked.run(*(f"INSERT INTO note VALUES ({number}, 1, 'x')" for number in range(10, 40)))
    stocked.write(policy(TABLES, retention=RULE, safety="safety: {stop-above: 50 %, approve: [erasure]}"))
    path = stocked.written(erasure(stocked))
    for role, missing in (("privacy-officer", 2), ("engineer", 1)):
        with pytest.raises(Refused) as caught:
            stocked.apply(path)
        assert caught.value.exit_code is Exit.STOPPED
        assert {finding.code for finding in caught.value.findings} == {"S310", "S311"}
        assert f"{missing} approval" in str(caught.value)
        with stocked.context() as context:
            applying.approve(context, path, role)
    assert stocked.apply(path).state is State.VERIFIED


def test_a_plan_is_carried_out_once(stocked: Shop) -> None:
    path = stocked.written(erasure(stocked))
    first = stocked.apply(path)
    with refused("S319"):
        stocked.apply(path)
    with refused("S319"):
        stocked.resume(first.run)


def test_the_markers_are_gone_when_the_run_is_verified(stocked: Shop) -> None:
    stocked.apply(stocked.plan())
    assert stocked.rows("kept_marker") == []


@pytest.mark.usefixtures("batches")
def test_a_paused_run_goes_on_where_it_stopped(stocked: Shop) -> None:
    path = stocked.written(erasure(stocked))

    def pause(_step: int, _done: Done) -> None:
        with stocked.context() as context:
            assert applying.pause(context, applying.history(context)[0].id)

    paused = stocked.apply(path, seen=pause)
    assert (paused.state, paused.exit) == (State.PAUSED, Exit.STOPPED)
    assert (stocked.ids("note"), stocked.ids("person")) == ([3], [1, 2])
    assert stocked.resume(paused.run).state is State.VERIFIED
    assert (stocked.ids("note"), stocked.ids("person")) == ([3], [2])


def test_a_paused_run_is_taken_up_by_applying_its_plan_again(stocked: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stocked.written(erasure(stocked))
    with monkeypatch.context() as patch:
        patch.setattr(applying, "_pause_asked", lambda _context, _run: True)
        paused = stocked.apply(path)
    assert untouched(stocked)
    again = stocked.apply(path)
    assert (again.run, again.state) == (paused.run, State.VERIFIED)


def calls(shop: Shop, planned: Planned) -> tuple[SqlSystem, list[Task]]:
    """The system and the tasks of a plan, for calls below the walk."""
    from kept.work.orders import tasks_of

    with shop.context() as context:
        system = context.systems["shop"]
        drafts = {draft.system: draft for draft in planned.drafts}
        return system, list(tasks_of(planned.plan, drafts, {"shop": system}, {}).values())


@pytest.mark.parametrize("mode", ["whole", "batch"])
def test_a_batch_whose_record_was_lost_is_not_done_twice(stocked: Shop, mode: str) -> None:
    system, tasks = calls(stocked, stocked.plan())
    system.open_run("r", 1)
    mark = Mark(run="r", attempt=1, step=1, batch=1)
    for expected in (tasks[0].rows, tasks[0].rows):
        if mode == "whole":
            done = system.whole(mark, tasks[:1])
        else:
            done = system.batch(mark, tasks[0], Cursor(mode="whole"), tasks[0].rows)
        assert (done.rows, done.next) == (expected, None)
        stocked.run(f"INSERT INTO note VALUES ({next(NUMBERS)}, 1, 'due again')")
    assert len(stocked.ids("note")) == 3


NUMBERS = itertools.count(100)


def test_an_attempt_that_was_overtaken_changes_nothing(stocked: Shop) -> None:
    system, tasks = calls(stocked, stocked.plan())
    system.open_run("r", 1)
    system.open_run("r", 2)
    old = Mark(run="r", attempt=1, step=1, batch=1)
    with refused("S317"):
        system.batch(old, tasks[0], Cursor(mode="whole"), 10)
    with refused("S317"):
        system.whole(old, tasks)
    assert untouched(stocked)
    system.close_run("r")
    with refused("S317"):
        system.batch(Mark(run="r", attempt=2, step=1, batch=1), tasks[0], Cursor(mode="whole"), 10)


def test_a_batch_that_meets_more_rows_than_its_budget_rolls_back(stocked: Shop) -> None:
    system, tasks = calls(stocked, stocked.plan())
    system.open_run("r", 1)
    with refused("S307"):
        system.batch(Mark(run="r", attempt=1, step=1, batch=1), tasks[0], Cursor(mode="whole"), 1)
    assert untouched(stocked)
    assert system.progress("r") == {}


EIGHT = range(1, 9)


@pytest.mark.parametrize("mode", ["one transaction", "batches"])
@pytest.mark.parametrize("constraint", ["CHECK (text IS NOT NULL)", "CHECK (text <> 'removed')"])
def test_a_constraint_in_the_eighth_table_leaves_all_eight(
    shop: Shop, mode: str, constraint: str, request: pytest.FixtureRequest
) -> None:
    if mode == "batches":
        request.getfixturevalue("batches")
    rows = [f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}')"]
    rows += [f"INSERT INTO t{number} VALUES (1, 1, 'x')" for number in EIGHT]
    null = "" if "NOT NULL" in constraint else " NOT NULL"
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )",
        *(f"CREATE TABLE t{number} (id INTEGER PRIMARY KEY, p INTEGER, text VARCHAR(20))" for number in EIGHT[:-1]),
        f"CREATE TABLE t8 (id INTEGER PRIMARY KEY, p INTEGER, text VARCHAR(20){null}, CONSTRAINT sound {constraint})",
        *rows,
    )
    tables = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}\n"
    tables += "\n".join(f"t{number}: {{key: id, of: person, via: p, kind: account}}" for number in EIGHT)
    shop.write(policy(tables, retention=RULE.replace("delete", "anonymise")))
    planned = shop.plan()
    assert planned.plan.rows == 9
    before = shop.picture()
    outcome = shop.apply(planned)
    assert outcome.state is State.STOPPED
    assert [finding.code for finding in outcome.findings] == ["S217"]
    assert shop.picture() == before


def test_a_column_that_takes_no_fill_stops_the_plan_before_anything(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP , code CHAR(2) NOT NULL)",
        f"INSERT INTO person VALUES (1, 'a', '{LONG_AGO}', 'no')",
    )
    table = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
    shop.write(policy(table, retention=RULE.replace("delete", "anonymise")))
    with pytest.raises(Refused) as caught:
        shop.plan()
    assert [(finding.code, finding.where) for finding in caught.value.findings] == [("S302", "shop.person.code")]
