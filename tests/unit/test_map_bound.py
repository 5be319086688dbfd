"""Policy and schema joined: keys, links, cells, clocks up the path, the order of tables, and every gap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.samples.maps import fate, foreign, mapped, of, table, world

from kept.law.terms import Edge, Event, Fate
from kept.map.bound import FORBIDDING, Gap, Map, bind, key_of
from kept.map.schema import Schema, Shape
from kept.map.system import ColumnEntry, Source, System, TableEntry

ACCOUNT = mapped(
    table("account", "id integer!", "name text", "closed_at timestamp"),
    "account",
    on={Event.ACCOUNT_CLOSED: "closed_at"},
)
USER = mapped(
    table("user", "id integer!", "account_id integer", "email text"),
    "account",
    of("account", "account_id"),
    person="customer",
)
EVENT = mapped(table("event", "id integer!", "user_id integer", "page text"), "usage", of("user", "user_id"))


def what(bound: Map) -> list[tuple[str, str]]:
    return [(gap.what, gap.table) for gap in bound.gaps]


# Keys.


def test_the_declared_key_wins_over_the_primary_key() -> None:
    stored = table("t", "id integer!", "code text!", unique=[("code",)])
    assert key_of(TableEntry(name="t", key=("code",)), stored) == ("code",)
    assert key_of(TableEntry(name="t"), stored) == ("id",)


def test_without_a_primary_key_the_first_unique_constraint_that_allows_no_null_is_the_key() -> None:
    stored = table("t", "a text", "b text!", "c text!", key=(), unique=[("a",), ("a", "b"), ("b", "c"), ("c",)])
    assert key_of(TableEntry(name="t"), stored) == ("b", "c")


def test_a_table_whose_unique_columns_may_be_null_has_no_key() -> None:
    assert key_of(TableEntry(name="t"), table("t", "a text", key=(), unique=[("a",)])) == ()


@pytest.mark.parametrize("person", ["customer", None])
def test_rows_that_are_people_or_shared_by_people_need_a_key(person: str | None) -> None:
    bound = world(mapped(table("t", "name text", key=()), "account", person=person))
    assert what(bound) == [("person-key-missing", "t")]
    assert bound.gaps[0].what in FORBIDDING


def test_rows_of_a_person_may_lack_a_key_and_the_gap_is_told() -> None:
    keyless = mapped(table("log", "user_id integer", key=()), "usage", of("user", "user_id"))
    bound = world(ACCOUNT, USER, keyless)
    assert what(bound) == [("key-missing", "log")]
    assert bound.gaps[0].what not in FORBIDDING


# Links.


def test_a_link_points_at_the_parents_key_unless_it_says_where_to() -> None:
    parent = mapped(table("p", "id integer!", "code text!"), "account", person="customer")
    plain = mapped(table("c", "id integer!", "p_id integer"), "account", of("p", "p_id"))
    by_code = mapped(table("d", "id integer!", "code text"), "account", of("p", "code", key="code"))
    bound = world(parent, plain, by_code)
    assert [(link.child, link.via, link.to) for link in bound.links] == [
        ("c", ("p_id",), ("id",)),
        ("d", ("code",), ("code",)),
    ]
    assert bound.children("p") == bound.links
    assert bound.gaps == ()


def test_a_link_to_a_declared_key_of_several_columns_takes_all_of_them() -> None:
    parent = mapped(table("p", "id integer!", "a text!", "b text!"), "account", person="customer", key=("a", "b"))
    child = mapped(table("c", "id integer!", "pa text", "pb text"), "account", of("p", "pa pb"))
    assert [link.to for link in world(parent, child).links] == [("a", "b")]


def test_a_link_carries_its_condition_and_its_edge() -> None:
    child = mapped(
        table("note", "id integer!", "on_id integer", "on_type text"),
        "note",
        of("user", "on_id", when={"on_type": "User"}, edge=Edge.MENTION),
    )
    link = world(ACCOUNT, USER, child).tables["note"].links[0]
    assert (link.when, link.edge) == ((("on_type", "User"),), Edge.MENTION)


def test_a_parent_that_is_not_mapped_is_a_gap_that_forbids_a_plan() -> None:
    bound = world(EVENT, beside=[USER[0]])
    assert bound.gaps[0] == Gap(what="parent-missing", table="event", detail="user")
    assert bound.tables["event"].links == ()
    assert bound.gaps[0].what in FORBIDDING


def test_a_parent_that_is_mapped_and_not_in_the_database_is_a_gap() -> None:
    entries = (USER[1], EVENT[1])
    bound = bind(System(name="s", url="", tables=entries), Schema(dialect="sqlite", tables=(EVENT[0],)))
    assert what(bound) == [("table-missing", "user"), ("parent-missing", "event")]


def test_a_link_with_fewer_columns_than_the_key_is_uneven_and_forbids_a_plan() -> None:
    parent = mapped(table("p", "a integer!", "b integer!", key=("a", "b")), "account", person="customer")
    child = mapped(table("c", "id integer!", "a integer"), "account", of("p", "a"))
    bound = world(parent, child)
    assert bound.gaps == (Gap(what="link-uneven", table="c", detail="p"),)
    assert bound.tables["c"].links == ()
    assert "link-uneven" in FORBIDDING


def test_a_column_the_link_points_at_must_exist_in_the_parent() -> None:
    child = mapped(table("c", "id integer!", "code text"), "account", of("user", "code", key="code"))
    assert world(ACCOUNT, USER, child).gaps == (Gap(what="column-missing", table="user", column="code"),)


# Columns the policy names.


@pytest.mark.parametrize(
    "entry",
    [
        TableEntry(name="t", key=("lost",)),
        TableEntry(name="t", columns={"lost": ColumnEntry()}),
        TableEntry(name="t", find_by=(("email", "lost"),)),
        TableEntry(name="t", about={"residence": "lost"}),
        replace(
            ACCOUNT[1], name="t", on={Event.COLLECTED: replace(ACCOUNT[1].on[Event.ACCOUNT_CLOSED], column="lost")}
        ),
        TableEntry(name="t", parents=(of("t", "lost", edge=Edge.MENTION),)),
        TableEntry(name="t", parents=(of("t", "id", when={"lost": "x"}, edge=Edge.MENTION),)),
        TableEntry(name="t", source=Source(column="lost")),
    ],
    ids=["key", "columns", "find-by", "about", "on", "via", "when", "source"],
)
def test_every_column_the_policy_names_must_exist(entry: TableEntry) -> None:
    bound = world((table("t", "id integer!"), entry))
    assert bound.gaps == (Gap(what="column-missing", table="t", column="lost"),)


def test_a_lost_column_is_told_once_however_often_it_is_named() -> None:
    entry = TableEntry(name="t", columns={"lost": ColumnEntry()}, find_by=(("email", "lost"),))
    assert what(world((table("t"), entry))) == [("column-missing", "t")]


def test_a_constant_source_needs_no_column() -> None:
    assert world((table("t"), TableEntry(name="t", source=Source(constant=("signup",))))).gaps == ()


# Tables.


def test_a_table_the_policy_names_and_the_database_lacks_forbids_a_plan() -> None:
    bound = bind(System(name="s", url="", tables=(ACCOUNT[1],)), Schema(dialect="sqlite", tables=()))
    assert what(bound) == [("table-missing", "account")]
    assert bound.tables == {}
    assert "table-missing" in FORBIDDING


def test_a_table_nobody_mapped_is_told_and_forbids_nothing() -> None:
    bound = world(ACCOUNT, beside=[table("stray")])
    assert what(bound) == [("unmapped-table", "stray")]
    assert "unmapped-table" not in FORBIDDING


def test_ignored_tables_the_generation_marker_our_own_markers_and_partitions_are_no_strays() -> None:
    system = System(name="s", url="", tables=(ACCOUNT[1],), ignored=("country",), generation="kept_generation")
    others = [table(name) for name in ("country", "kept_generation", "kept_marker")]
    part = table("event_2026", shape=Shape.PARTITION)
    assert bind(system, Schema(dialect="sqlite", tables=(ACCOUNT[0], *others, part))).gaps == ()


# Cells.


def names(bound: Map, name: str) -> list[tuple[str, str]]:
    return [(cell.column.name, cell.kind) for cell in bound.tables[name].cells]


def test_a_tables_kind_covers_the_columns_that_say_nothing() -> None:
    stored = table("t", "id integer!", "name text", "address text")
    bound = world(mapped(stored, "account", columns={"address": ColumnEntry(kind="invoice")}))
    assert names(bound, "t") == [("name", "account"), ("address", "invoice")]
    assert bound.tables["t"].kinds == ("account", "invoice")
    assert [cell.column.name for cell in bound.tables["t"].cells_of("invoice")] == ["address"]


def test_without_a_kind_a_column_is_no_cell() -> None:
    stored = table("t", "id integer!", "name text", "address text")
    bound = world(mapped(stored, None, columns={"address": ColumnEntry(kind="invoice")}))
    assert names(bound, "t") == [("address", "invoice")]
    assert bound.tables["t"].kinds == ("invoice",)


def test_a_table_of_nothing_but_plumbing_still_holds_its_own_kind() -> None:
    bound = world(mapped(table("t"), "account"))
    assert (names(bound, "t"), bound.tables["t"].kinds) == ([], ("account",))


def test_keys_links_conditions_clocks_and_foreign_keys_go_only_with_their_row() -> None:
    stored = table(
        "note",
        "id integer!", "user_id integer", "on_type text", "made_at timestamp", "editor_id integer", "body text",
        foreign=[foreign("editor_id", "user")],
    )  # fmt: skip
    note = mapped(stored, "note", of("user", "user_id", when={"on_type": "x"}), on={Event.COLLECTED: "made_at"})
    assert names(world(ACCOUNT, USER, note), "note") == [("body", "note")]


def test_a_plumbing_column_with_a_fate_of_its_own_is_a_cell() -> None:
    stored = table("t", "email text!", "seen_at timestamp", key=("email",))
    said = {"email": fate(Fate.ANONYMISE), "seen_at": ColumnEntry(kind="usage")}
    bound = world(mapped(stored, "account", on={Event.COLLECTED: "seen_at"}, columns=said))
    assert names(bound, "t") == [("email", "account")]
    assert bound.tables["t"].cells[0].fate is Fate.ANONYMISE


def test_a_generated_column_is_no_cell() -> None:
    bound = world(mapped(table("t", "id integer!", "name text", "low text generated"), "account"))
    assert names(bound, "t") == [("name", "account")]


@pytest.mark.parametrize(
    ("unique", "expected"),
    [((), []), ((("a",),), ["a"]), ((("a", "b"),), ["a", "b"]), ((("b",), ("a", "c")), ["a", "b", "c"])],
)
def test_a_column_that_a_unique_constraint_names_needs_a_value_of_its_own_per_row(
    unique: tuple[tuple[str, ...], ...], expected: list[str]
) -> None:
    stored = table("t", "id integer!", "a text!", "b text!", "c text!", unique=unique)
    cells = world(mapped(stored, "account")).tables["t"].cells
    assert [cell.column.name for cell in cells if cell.unique] == expected


def test_a_key_column_with_a_fate_needs_a_value_of_its_own_per_row() -> None:
    bound = world(mapped(table("t", "email text!", key=("email",)), "a", columns={"email": fate(Fate.EMPTY)}))
    assert [cell.unique for cell in bound.tables["t"].cells] == [True]


# Clocks.


def paths(bound: Map, name: str, event: Event = Event.ACCOUNT_CLOSED) -> list[tuple[list[str], str]]:
    return [([link.parent for link in hop.links], hop.table) for hop in bound.hops(name, event)]


def test_a_table_with_its_own_clock_looks_no_further() -> None:
    mine = mapped(
        table("user", "id integer!", "account_id integer", "left_at timestamp"),
        "account",
        of("account", "account_id"),
        person="customer",
        on={Event.ACCOUNT_CLOSED: "left_at"},
    )
    assert paths(world(ACCOUNT, mine, EVENT), "user") == [([], "user")]
    assert paths(world(ACCOUNT, mine, EVENT), "event") == [(["user"], "user")]


def test_a_table_without_a_clock_takes_the_nearest_up_its_path() -> None:
    bound = world(ACCOUNT, USER, EVENT)
    assert paths(bound, "event") == [(["user", "account"], "account")]
    assert [hop.clock.column for hop in bound.hops("event", Event.ACCOUNT_CLOSED)] == ["closed_at"]


def test_a_clock_is_never_taken_from_a_child() -> None:
    child = mapped(
        table("event", "id integer!", "user_id integer", "at timestamp"),
        "usage",
        of("user", "user_id"),
        on={Event.COLLECTED: "at"},
    )
    bound = world(ACCOUNT, USER, child)
    assert paths(bound, "user", Event.COLLECTED) == []
    assert paths(bound, "event", Event.COLLECTED) == [([], "event")]


def test_every_path_of_ownership_has_its_own_nearest_clock() -> None:
    call = mapped(
        table("call", "id integer!", "account_id integer", "ended timestamp"),
        "call",
        of("account", "account_id"),
        on={Event.ACCOUNT_CLOSED: "ended"},
    )
    part = mapped(
        table("part", "id integer!", "call_id integer", "user_id integer"),
        "call",
        of("call", "call_id"),
        of("user", "user_id"),
    )
    bound = world(ACCOUNT, USER, call, part)
    assert paths(bound, "part") == [(["call"], "call"), (["user", "account"], "account")]


def test_two_paths_to_one_clock_are_two_hops() -> None:
    both = mapped(
        table("deal", "id integer!", "seller integer", "buyer integer"),
        "deal",
        of("account", "seller"),
        of("account", "buyer"),
    )
    hops = world(ACCOUNT, both).hops("deal", Event.ACCOUNT_CLOSED)
    assert [hop.links[0].via for hop in hops] == [("seller",), ("buyer",)]


@pytest.mark.parametrize("edge", [Edge.MENTION, Edge.SHARE])
def test_a_row_does_not_age_with_what_it_only_mentions(edge: Edge) -> None:
    child = mapped(table("c", "id integer!", "a integer"), "account", of("account", "a", edge=edge))
    assert paths(world(ACCOUNT, child), "c") == []


def test_what_was_derived_ages_with_its_source() -> None:
    child = mapped(table("c", "id integer!", "a integer"), "account", of("account", "a", edge=Edge.DERIVE))
    assert paths(world(ACCOUNT, child), "c") == [(["account"], "account")]


def test_a_circle_of_owners_without_a_clock_ends() -> None:
    a = mapped(table("a", "id integer!", "b_id integer"), "x", of("b", "b_id"))
    b = mapped(table("b", "id integer!", "a_id integer"), "x", of("a", "a_id"), of("account", "a_id"))
    assert paths(world(a, b, ACCOUNT), "a") == [(["b", "account"], "account")]


# Order.


def test_children_come_before_parents() -> None:
    assert world(ACCOUNT, USER, EVENT).bottom_up == ("event", "user", "account")


def test_tables_without_an_order_stand_in_the_order_of_their_names() -> None:
    assert world(mapped(table("b"), "x"), mapped(table("c"), "x"), mapped(table("a"), "x")).bottom_up == ("a", "b", "c")


def test_a_declared_foreign_key_orders_tables_that_the_policy_does_not_link() -> None:
    first = mapped(table("a"), "x")
    second = mapped(table("b", "id integer!", "a_id integer", foreign=[foreign("a_id", "a")]), "x")
    assert world(first, second).bottom_up == ("b", "a")


def test_a_mention_without_a_foreign_key_orders_nothing() -> None:
    a = mapped(table("a", "id integer!", "b_id integer"), "x", of("b", "b_id"))
    b = mapped(table("b", "id integer!", "a_id integer"), "x", of("a", "a_id", edge=Edge.MENTION))
    bound = world(a, b)
    assert (bound.bottom_up, bound.cycle) == (("a", "b"), ())


def test_tables_that_point_at_each_other_are_a_cycle_and_have_no_order() -> None:
    a = mapped(table("a", "id integer!", "b_id integer"), "x", of("b", "b_id"))
    b = mapped(table("b", "id integer!", "a_id integer"), "x", of("a", "a_id"))
    leaf = mapped(table("leaf", "id integer!", "a_id integer"), "x", of("a", "a_id"))
    bound = world(b, a, leaf)
    assert (bound.bottom_up, bound.cycle) == (("leaf",), ("a", "b"))


def test_a_table_that_points_at_itself_waits_for_nobody() -> None:
    tree = mapped(
        table("reply", "id integer!", "to_id integer", foreign=[foreign("to_id", "reply")]), "x", of("reply", "to_id")
    )
    bound = world(tree)
    assert (bound.bottom_up, bound.cycle) == (("reply",), ())


def test_partners_of_a_foreign_key_outside_the_map_are_not_ordered() -> None:
    stray = table("stray", "id integer!", "a_id integer", foreign=[foreign("a_id", "account")])
    assert world(ACCOUNT, beside=[stray]).bottom_up == ("account",)
