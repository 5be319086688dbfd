"""What else a deletion would touch: staying rows that point here, and everything that forbids a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.samples.maps import (
    LATELY,
    LONG_AGO,
    NOW,
    Data,
    Mapped,
    Rows,
    fate,
    foreign,
    mapped,
    of,
    policy,
    rule,
    table,
    world,
)

from kept.decide.closure import gap_findings, needed, objections
from kept.decide.draft import RETENTION, Draft, Trigger, draft
from kept.decide.fill import Fill, fill_of
from kept.decide.flags import Case, Speaks
from kept.decide.select import Always, Down, Equals, Not, every
from kept.law.terms import Edge, Event, Fate, Ground, Outcome
from kept.map.bound import FORBIDDING, Map
from kept.policy.model import Rule

CUSTOMER = frozenset({"customer"})
ERASURE = Trigger(kind="erasure", people=CUSTOMER)
MADE = {Event.COLLECTED: "made"}
CALL = mapped(table("call", "id integer!", "made timestamp", "number text"), "call", person="customer", on=MADE)


def part(*, kind: str = "call", edge: Edge = Edge.OWN, own_clock: bool = False, when: str = "") -> Mapped:
    """Rows below a call: `part.call_id` points at it."""
    return mapped(
        table("part", "id integer!", "call_id integer", "type text", "made timestamp", "text text"),
        kind,
        of("call", "call_id", edge=edge, when={"type": when} if when else None),
        on=MADE if own_clock else {},
    )


def drafted(*rules: Rule, bound: Map, trigger: Trigger = RETENTION) -> Draft:
    return draft(policy(*rules), bound, trigger, NOW)


def guards(made: Draft, name: str = "call") -> int:
    """How many flags ask whether a staying row points here."""
    (case,) = (each for each in made.cases if each.table == name)
    return sum(flag.speaks is Speaks.NEEDED for flag in case.flags)


def fates(made: Draft, data: Data, bound: Map, name: str = "call", **keys: list[object]) -> dict[object, str]:
    found = Rows(bound=bound, rows=data, cuts=made.cuts, keys=keys)
    (case,) = (each for each in made.cases if each.table == name)
    return found.fates(case)


def codes(made: Draft) -> list[str]:
    return [finding.code for finding in made.objections]


# A row that stays points here.

CALLS: Data = {
    "call": [{"id": n, "made": LONG_AGO, "number": "x"} for n in (1, 2, 3)],
    "part": [
        {"id": 1, "call_id": 1, "type": "a", "made": LONG_AGO, "text": "x"},
        {"id": 2, "call_id": 2, "type": "b", "made": LATELY, "text": "x"},
        {"id": 3, "call_id": None, "type": "b", "made": LATELY, "text": "x"},
    ],
}
SHORT = rule("call", "at most 30 days")


def test_a_row_whose_owned_rows_stay_remains_as_a_shell() -> None:
    bound = world(CALL, part(kind="transcript"))
    made = drafted(SHORT, bound=bound)
    assert [case.table for case in made.cases] == ["call"]
    assert fates(made, CALLS, bound) == {1: "shell", 2: "shell", 3: "gone"}


def test_a_row_whose_owned_rows_go_with_it_goes_and_is_not_even_asked() -> None:
    bound = world(CALL, part())
    made = drafted(SHORT, bound=bound)
    assert guards(made) == 0
    assert fates(made, CALLS, bound) == {1: "gone", 2: "gone", 3: "gone"}


def test_rows_with_a_clock_of_their_own_may_stay_and_are_asked() -> None:
    bound = world(CALL, part(own_clock=True))
    made = drafted(SHORT, bound=bound)
    assert guards(made) == 1
    assert fates(made, CALLS, bound) == {1: "gone", 2: "shell", 3: "gone"}


def test_a_row_that_is_not_deleted_needs_no_guard() -> None:
    masked = rule("call", "at most 30 days", then=Outcome.ANONYMISE)
    assert guards(drafted(masked, bound=world(CALL, part(kind="transcript")))) == 0


def test_owned_rows_that_come_due_later_are_asked() -> None:
    longer = rule("transcript", "at most 60 days")
    bound = world(CALL, part(kind="transcript"))
    made = drafted(SHORT, longer, bound=bound)
    assert guards(made) == 1
    data: Data = {**CALLS, "call": [{"id": 1, "made": NOW.replace(month=5, day=1), "number": "x"}, CALLS["call"][1]]}
    assert fates(made, data, bound) == {1: "shell", 2: "gone"}


@pytest.mark.parametrize("keep", ["at most 30 days", "at most 20 days"])
def test_owned_rows_that_come_due_as_early_or_earlier_need_no_question(keep: str) -> None:
    bound = world(CALL, part(kind="transcript"))
    assert guards(drafted(SHORT, rule("transcript", keep), bound=bound)) == 0


def test_owned_rows_that_are_only_masked_stay_and_are_asked() -> None:
    mask = rule("transcript", "at most 30 days", then=Outcome.ANONYMISE)
    bound = world(CALL, part(kind="transcript"))
    made = drafted(SHORT, mask, bound=bound)
    assert guards(made) == 1
    assert fates(made, CALLS, bound) == {1: "shell", 2: "shell", 3: "gone"}


def test_owned_rows_that_a_duty_may_keep_are_asked() -> None:
    books = rule("books", "at least 10 years", data=["transcript"])
    bound = world(CALL, part(kind="transcript"))
    made = drafted(SHORT, rule("transcript", "at most 30 days"), books, bound=bound)
    assert guards(made) == 1
    late: Data = {**CALLS, "call": [{"id": n, "made": LATELY.replace(year=2020), "number": "x"} for n in (1, 3)]}
    assert fates(made, late, bound) == {1: "shell", 3: "gone"}
    assert fates(made, CALLS, bound) == {1: "gone", 2: "gone", 3: "gone"}


def test_of_two_promises_on_a_row_each_must_be_followed_below() -> None:
    """A call may go by its own clock or by its caller's; what hangs on it follows only one of them."""
    both = mapped(
        table("call", "id integer!", "made timestamp", "closed timestamp", "number text"),
        "call",
        person="customer",
        on={**MADE, Event.CASE_CLOSED: "closed"},
    )
    below = rule("transcript", "at most 30 days")
    second = rule("second", "at most 30 days", Event.CASE_CLOSED, data=["call"])
    bound = world(both, part(kind="transcript"))
    assert guards(drafted(SHORT, below, bound=bound)) == 0
    assert guards(drafted(SHORT, second, below, bound=bound)) == 1
    also = rule("also", "at most 30 days", Event.CASE_CLOSED, data=["transcript"])
    assert guards(drafted(SHORT, second, below, also, bound=bound)) == 0


def test_a_grandchild_that_stays_is_asked_on_the_way_up() -> None:
    word = mapped(table("word", "id integer!", "part_id integer", "text text"), "word", of("part", "part_id"))
    bound = world(CALL, part(), word)
    made = drafted(SHORT, bound=bound)
    assert (guards(made, "part"), guards(made, "call")) == (1, 1)
    data: Data = {**CALLS, "word": [{"id": 1, "part_id": 2, "text": "x"}]}
    assert fates(made, data, bound, "part") == {1: "gone", 2: "shell"}
    assert fates(made, data, bound, "call") == {1: "gone", 2: "shell", 3: "gone"}


def test_a_mention_is_never_taken_for_granted() -> None:
    bound = world(CALL, part(edge=Edge.MENTION, own_clock=True))
    made = drafted(rule("call", "no longer"), bound=bound)
    assert guards(made) == 1
    erased = drafted(bound=bound, trigger=ERASURE)
    assert [case.table for case in erased.cases] == ["call"]
    assert fates(erased, CALLS, bound, call=[1, 2, 3]) == {1: "shell", 2: "shell", 3: "gone"}


def test_a_polymorphic_row_points_here_only_where_its_condition_holds() -> None:
    bound = world(CALL, part(kind="transcript", when="a"))
    made = drafted(SHORT, bound=bound)
    assert fates(made, CALLS, bound) == {1: "shell", 2: "gone", 3: "gone"}


def test_a_polymorphic_row_that_inherits_its_clock_follows_its_owner() -> None:
    bound = world(CALL, part(when="a"))
    assert guards(drafted(SHORT, bound=bound)) == 0


def test_a_declared_key_beside_a_polymorphic_link_guards_the_rows_the_link_does_not_speak_of() -> None:
    stored, entry = part(when="a")
    keyed = replace(stored, foreign_keys=(foreign("call_id", "call"),))
    bound = world(CALL, (keyed, entry))
    made = drafted(SHORT, bound=bound)
    assert fates(made, CALLS, bound) == {1: "gone", 2: "shell", 3: "gone"}


def test_a_declared_key_that_the_policy_links_as_well_is_asked_once() -> None:
    stored, entry = part(kind="transcript")
    keyed = replace(stored, foreign_keys=(foreign("call_id", "call"),))
    bound = world(CALL, (keyed, entry))
    (flag,) = (flag for flag in drafted(SHORT, bound=bound).cases[0].flags if flag.speaks is Speaks.NEEDED)
    assert flag.selection == Down(to=("id",), table="part", via=("call_id",), where=Always())


def test_a_second_key_to_another_column_is_asked_as_well() -> None:
    named = mapped(table("call", "id integer!", "made timestamp", "number text", unique=[("number",)]), "call", on=MADE)
    stored = table(
        "bill", "id integer!", "call_id integer", "number text", foreign=[foreign("number", "call", referred="number")]
    )
    bound = world(named, mapped(stored, "bill", of("call", "call_id")))
    made = drafted(SHORT, bound=bound)
    data: Data = {
        "call": [{"id": n, "made": LONG_AGO, "number": str(n)} for n in (1, 2, 3)],
        "bill": [{"id": 1, "call_id": 1, "number": "2"}],
    }
    assert fates(made, data, bound) == {1: "shell", 2: "shell", 3: "gone"}


def test_a_table_that_points_at_itself_without_cascade_guards_nothing() -> None:
    tree = mapped(
        table("call", "id integer!", "made timestamp", "re integer", "number text", foreign=[foreign("re", "call")]),
        "call",
        on=MADE,
    )
    made = drafted(SHORT, bound=world(tree))
    assert (guards(made), codes(made)) == (0, [])


# Lent people.

ACCOUNT = mapped(
    table("account", "id integer!", "closed timestamp", "name text"), "account", on={Event.ACCOUNT_CLOSED: "closed"}
)
USER = mapped(
    table("user", "id integer!", "account_id integer", "email text"),
    "account",
    of("account", "account_id"),
    person="customer",
)
CLOSED = rule("account", "at most 60 days", Event.ACCOUNT_CLOSED)


def test_a_shared_account_asks_for_its_people_even_where_the_same_promise_holds_for_them() -> None:
    bound = world(ACCOUNT, USER)
    made = drafted(CLOSED, bound=bound)
    assert guards(made, "account") == 1
    data: Data = {
        "account": [{"id": 1, "closed": LONG_AGO, "name": "x"}],
        "user": [{"id": 1, "account_id": 1, "email": "x"}],
    }
    assert fates(made, data, bound, "account") == {1: "gone"}


def test_a_user_who_stays_keeps_the_account_as_a_shell_on_a_granted_erasure() -> None:
    """Key sets come from outside: should one name an account with people left, the account is not deleted."""
    bound = world(ACCOUNT, USER)
    made = drafted(bound=bound, trigger=ERASURE)
    data: Data = {
        "account": [{"id": 1, "closed": None, "name": "x"}],
        "user": [{"id": 1, "account_id": 1, "email": "x"}, {"id": 2, "account_id": 1, "email": "x"}],
    }
    assert fates(made, data, bound, "account", user=[1], account=[1]) == {1: "shell"}
    assert fates(made, data, bound, "account", user=[1, 2], account=[1]) == {1: "gone"}


def test_owned_rows_that_all_go_with_the_person_need_no_question_on_an_erasure() -> None:
    bound = world(CALL, part(own_clock=True))
    assert guards(drafted(SHORT, bound=bound, trigger=ERASURE)) == 0


def test_owned_rows_that_a_grounded_duty_may_keep_are_asked_on_an_erasure() -> None:
    bound = world(CALL, part(kind="transcript", own_clock=True))
    books = rule("transcript", "at least 10 years", grounds=[Ground.LEGAL_OBLIGATION])
    made = drafted(books, bound=bound, trigger=ERASURE)
    assert fates(made, CALLS, bound, call=[1, 2, 3]) == {1: "gone", 2: "shell", 3: "gone"}


def test_the_guard_speaks_of_no_kind_and_of_what_the_plan_leaves() -> None:
    bound = world(CALL, part(own_clock=True))
    made = drafted(SHORT, bound=bound)
    cases = {case.table: case for case in made.cases}
    bare = Case(
        system="shop", table="call", kinds=("call",), scope=Always(), flags=cases["call"].flags[:1], granted=False
    )
    (flag,) = needed(bound, bare, {"part": cases["part"]}, made.cuts)
    due = cases["part"].flags[0].selection
    assert (flag.name, flag.kinds) == ("needed", ())
    assert flag.selection == Down(to=("id",), table="part", via=("call_id",), where=Not(part=due))
    (alone,) = needed(bound, bare, {}, made.cuts)
    assert alone.selection == Down(to=("id",), table="part", via=("call_id",), where=every())


def test_a_polymorphic_guard_names_its_condition() -> None:
    bound = world(CALL, part(kind="transcript", when="a"))
    (flag,) = (flag for flag in drafted(SHORT, bound=bound).cases[0].flags if flag.speaks is Speaks.NEEDED)
    assert flag.selection == Down(to=("id",), table="part", via=("call_id",), where=Equals(column="type", value="a"))


# Circles.


def test_tables_that_own_each_other_are_refused() -> None:
    a = mapped(table("a", "id integer!", "b_id integer"), "x", of("b", "b_id"))
    b = mapped(table("b", "id integer!", "a_id integer"), "x", of("a", "a_id"))
    found = objections(world(a, b), ())
    assert [(finding.code, finding.where) for finding in found] == [("S301", "shop")]
    assert "a, b" in found[0].message


def test_rows_that_own_rows_of_their_own_table_are_refused_and_a_mention_is_not() -> None:
    stored = table("reply", "id integer!", "to_id integer")
    owning = world(mapped(stored, "x", of("reply", "to_id")))
    assert [(finding.code, finding.where) for finding in objections(owning, ())] == [("S301", "shop.reply")]
    assert objections(world(mapped(stored, "x", of("reply", "to_id", edge=Edge.MENTION))), ()) == ()


# Columns that cannot be emptied.

UNFILLABLE = table("t", "id integer!", "made timestamp", "state enum!", "name text")
MASK = rule("x", "at most 30 days", then=Outcome.ANONYMISE)


def test_a_column_that_takes_no_neutral_value_refuses_the_plan() -> None:
    made = drafted(MASK, bound=world(mapped(UNFILLABLE, "x", on=MADE)))
    assert [(finding.code, finding.where) for finding in made.objections] == [("S302", "shop.t.state")]


def test_a_column_that_goes_with_its_row_need_not_be_emptied() -> None:
    assert codes(drafted(rule("x", "at most 30 days"), bound=world(mapped(UNFILLABLE, "x", on=MADE)))) == []


def test_a_column_that_the_policy_keeps_need_not_be_emptied() -> None:
    kept = world(mapped(UNFILLABLE, "x", on=MADE, columns={"state": fate(Fate.KEEP)}))
    assert codes(drafted(MASK, bound=kept)) == []


def test_a_column_of_a_kind_that_is_not_changed_need_not_be_emptied() -> None:
    other = world(mapped(UNFILLABLE, "x", on=MADE, columns={"state": fate(Fate.EMPTY, "y")}))
    assert codes(drafted(MASK, bound=other)) == []


def test_a_column_of_a_row_that_may_become_a_shell_must_take_a_neutral_value() -> None:
    child = mapped(table("c", "id integer!", "t_id integer"), "y", of("t", "t_id"))
    made = drafted(rule("x", "at most 30 days"), bound=world(mapped(UNFILLABLE, "x", on=MADE), child))
    assert codes(made) == ["S302"]


def test_every_column_that_cannot_be_emptied_is_told() -> None:
    many = table(
        "t", "id integer!", "made timestamp", "a enum!", "b text(3)!", "c integer!", "d time!", unique=[("c",)]
    )
    made = drafted(MASK, bound=world(mapped(many, "x", on=MADE)))
    assert [finding.where for finding in made.objections] == ["shop.t.a", "shop.t.b", "shop.t.c", "shop.t.d"]


def test_a_member_of_a_key_of_several_columns_needs_a_value_of_its_own_per_row() -> None:
    alias = table("alias", "tenant integer!", "mail text!", "made timestamp", key=("tenant", "mail"))
    bound = world(mapped(alias, "x", on=MADE, columns={"mail": fate(Fate.ANONYMISE)}))
    assert drafted(MASK, bound=bound).objections == ()
    assert [(cell.column.name, fill_of(cell)) for cell in bound.tables["alias"].cells] == [("mail", Fill.TOKEN)]


# Triggers.


def test_a_trigger_that_nobody_reviewed_refuses_the_plan() -> None:
    stored = table("t", "id integer!", "made timestamp", triggers=["copy", "stamp"])
    bound = world(mapped(stored, "x", on=MADE, triggers=["stamp"]))
    made = drafted(rule("x", "no longer"), bound=bound)
    assert [(finding.code, finding.where) for finding in made.objections] == [("S304", "shop.t")]
    assert "`copy`" in made.objections[0].message


def test_a_trigger_refuses_a_change_as_well_and_only_of_the_plans_own_tables() -> None:
    stored = table("t", "id integer!", "made timestamp", "name text", triggers=["copy"])
    other = mapped(table("o", "id integer!", triggers=["copy"]), "y")
    assert codes(drafted(MASK, bound=world(mapped(stored, "x", on=MADE), other))) == ["S304"]


# The database's own cascades.


@pytest.mark.parametrize("on_delete", ["CASCADE", "SET NULL", "SET DEFAULT", "NO ACTION", "RESTRICT"])
def test_a_foreign_key_of_a_table_outside_the_map_refuses_a_deletion(on_delete: str) -> None:
    stray = table("stray", "id integer!", "call_id integer", foreign=[foreign("call_id", "call", on_delete=on_delete)])
    made = drafted(SHORT, bound=world(CALL, beside=[stray]))
    assert [(finding.code, finding.where) for finding in made.objections] == [("S303", "shop.stray")]
    says = f"ON DELETE {on_delete}" if on_delete in {"CASCADE", "SET NULL", "SET DEFAULT"} else "(foreign key)"
    assert says in made.objections[0].message


def test_a_foreign_key_outside_the_map_does_not_hinder_a_change_in_place() -> None:
    stray = table("stray", "id integer!", "call_id integer", foreign=[foreign("call_id", "call")])
    masked = rule("call", "at most 30 days", then=Outcome.ANONYMISE)
    assert codes(drafted(masked, bound=world(CALL, beside=[stray]))) == []


def test_a_foreign_key_to_a_table_that_the_plan_leaves_alone_hinders_nothing() -> None:
    stray = table("stray", "id integer!", "x integer", foreign=[foreign("x", "elsewhere")])
    assert codes(drafted(SHORT, bound=world(CALL, beside=[stray, table("elsewhere")]))) == []


@pytest.mark.parametrize(
    ("on_delete", "expected"),
    [("CASCADE", ["S303"]), ("SET NULL", ["S303"]), ("SET DEFAULT", ["S303"]), ("NO ACTION", []), ("RESTRICT", [])],
)
def test_a_table_that_cascades_into_itself_refuses_a_deletion(on_delete: str, expected: list[str]) -> None:
    keys = [foreign("to_id", "call", on_delete=on_delete)]
    stored = table("call", "id integer!", "made timestamp", "to_id integer", foreign=keys)
    made = drafted(SHORT, bound=world(mapped(stored, "call", on=MADE)))
    assert codes(made) == expected


def test_a_cascade_of_a_mapped_table_is_part_of_the_plan() -> None:
    stored, entry = part()
    keyed = replace(stored, foreign_keys=(foreign("call_id", "call", on_delete="CASCADE"),))
    assert codes(drafted(SHORT, bound=world(CALL, (keyed, entry)))) == []


# All at once.


def test_everything_that_forbids_a_plan_is_told_at_once() -> None:
    watched = table("t", "id integer!", "made timestamp", "name text", triggers=["copy"])
    stray = table("stray", "id integer!", "t_id integer", foreign=[foreign("t_id", "t")])
    stubborn = mapped(replace(UNFILLABLE, name="u"), "y", on=MADE)
    tree = mapped(table("reply", "id integer!", "to_id integer"), "z", of("reply", "to_id"))
    bound = world(mapped(watched, "x", on=MADE), stubborn, tree, beside=[stray])
    made = drafted(rule("x", "no longer"), rule("y", "no longer", then=Outcome.ANONYMISE), bound=bound)
    assert codes(made) == ["S301", "S304", "S303", "S302"]


def test_every_gap_that_forbids_a_plan_is_a_finding_with_its_place() -> None:
    bound = world(
        mapped(table("p", "a integer!", "b integer!", key=("a", "b")), "x", person="customer"),
        mapped(table("c", "id integer!", "a integer"), "x", of("p", "a"), of("nowhere", "lost")),
        mapped(table("k", "n text", key=()), "x", person="customer"),
        beside=[table("stray")],
    )
    found = gap_findings(bound)
    assert {finding.code for finding in found} == {"S305"}
    assert sorted(finding.where for finding in found) == ["shop.c.lost", "shop.c.nowhere", "shop.c.p", "shop.k"]
    assert {gap.what for gap in bound.gaps} - FORBIDDING == {"unmapped-table"}
    assert objections(bound, ()) == found
