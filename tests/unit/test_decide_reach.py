"""Reach: from the keys of named people to their rows, and when a shared account goes with the last of them."""

from __future__ import annotations

from tests.samples.maps import Data, Rows, mapped, of, table, world

from kept.decide.reach import last_of, lent, own, roots, shared, staying, through
from kept.decide.select import All, Always, Equals, Named, Not, Some, Up
from kept.law.terms import Edge
from kept.map.bound import Link, Map

CUSTOMER = frozenset({"customer"})
ACCOUNT = mapped(table("account", "id integer!", "name text"), "account")
USER = mapped(
    table("user", "id integer!", "account_id integer", "email text"),
    "account",
    of("account", "account_id"),
    person="customer",
)
EVENT = mapped(table("event", "id integer!", "user_id integer", "page text"), "usage", of("user", "user_id"))
BILL = mapped(table("bill", "id integer!", "account_id integer", "sum text"), "invoice", of("account", "account_id"))
AGENT = mapped(
    table("agent", "id integer!", "account_id integer", "email text"),
    "account",
    of("account", "account_id"),
    person="agent",
)
SHOP = world(ACCOUNT, USER, EVENT, BILL)

ROWS: Data = {
    "account": [{"id": n, "name": "x"} for n in (1, 2, 3)],
    "user": [
        {"id": 11, "account_id": 1},
        {"id": 12, "account_id": 1},
        {"id": 21, "account_id": 2},
        {"id": 99, "account_id": None},
    ],
    "event": [{"id": n * 10 + 1, "user_id": n} for n in (11, 12, 21, 99)] + [{"id": 5, "user_id": None}],
    "bill": [{"id": n * 100, "account_id": n} for n in (1, 2, 3)],
    "agent": [],
}


def reached(bound: Map, data: Data, people: frozenset[str] = CUSTOMER, **keys: list[object]) -> dict[str, list[object]]:
    """Ids of the rows an erasure reaches, by table; key sets default to nobody."""
    found = Rows(bound=bound, rows=data, keys={name: keys.get(name, []) for name in bound.tables})
    return {name: found.ids(selection, name) for name, selection in own(bound, people).items()}


def test_people_are_the_tables_whose_rows_are_of_the_kinds_named() -> None:
    bound = world(ACCOUNT, USER, AGENT)
    assert roots(bound, CUSTOMER) == ("user",)
    assert roots(bound, frozenset({"customer", "agent"})) == ("user", "agent")
    assert roots(bound, frozenset()) == ()


def test_a_persons_rows_are_those_that_hang_on_them_table_by_table() -> None:
    assert reached(SHOP, ROWS, user=[11]) == {"account": [], "bill": [], "user": [11], "event": [111]}


def test_several_people_are_one_set() -> None:
    assert reached(SHOP, ROWS, user=[11, 99])["event"] == [111, 991]


def test_a_key_set_is_used_without_a_join_and_named_after_its_table() -> None:
    selections = own(SHOP, CUSTOMER)
    assert selections["user"] == Named(columns=("id",), keys="user")
    assert selections["event"] == Named(columns=("user_id",), keys="user")
    assert selections["account"] == Named(columns=("id",), keys="account")
    assert selections["bill"] == Named(columns=("account_id",), keys="account")


def test_tables_out_of_reach_are_left_out() -> None:
    bound = world(ACCOUNT, USER, mapped(table("lead", "id integer!"), "crm", person="lead"))
    assert set(own(bound, CUSTOMER)) == {"account", "user"}
    assert own(bound, frozenset({"visitor"})) == {}


def test_grandchildren_are_reached_through_their_parents() -> None:
    click = mapped(table("click", "id integer!", "event_id integer"), "usage", of("event", "event_id"))
    bound = world(ACCOUNT, USER, EVENT, click)
    data: Data = {
        **ROWS,
        "click": [{"id": 1, "event_id": 111}, {"id": 2, "event_id": 121}, {"id": 3, "event_id": None}],
    }
    assert reached(bound, data, user=[11])["click"] == [1]
    assert own(bound, CUSTOMER)["click"] == Up(
        via=("event_id",), table="event", to=("id",), where=Named(columns=("user_id",), keys="user")
    )


def test_several_paths_union() -> None:
    mail = mapped(
        table("mail", "id integer!", "sender integer", "receiver integer"),
        "comms",
        of("user", "sender"),
        of("user", "receiver"),
    )
    data: Data = {
        **ROWS,
        "mail": [
            {"id": 1, "sender": 11, "receiver": 12},
            {"id": 2, "sender": 12, "receiver": 11},
            {"id": 3, "sender": 12, "receiver": 21},
            {"id": 4, "sender": None, "receiver": 11},
        ],
    }
    bound = world(ACCOUNT, USER, mail)
    assert reached(bound, data, user=[11])["mail"] == [1, 2, 4]
    selected = own(bound, CUSTOMER)["mail"]
    assert isinstance(selected, Some)
    assert len(selected.parts) == 2


def test_two_links_that_say_the_same_are_asked_once() -> None:
    twice = mapped(
        table("event", "id integer!", "user_id integer"), "usage", of("user", "user_id"), of("user", "user_id")
    )
    assert own(world(ACCOUNT, USER, twice), CUSTOMER)["event"] == Named(columns=("user_id",), keys="user")


def test_a_row_that_only_mentions_a_person_is_not_theirs() -> None:
    audit = mapped(table("audit", "id integer!", "about integer"), "log", of("user", "about", edge=Edge.MENTION))
    assert "audit" not in own(world(ACCOUNT, USER, audit), CUSTOMER)


def test_a_polymorphic_link_reaches_only_rows_of_its_type() -> None:
    note = mapped(
        table("note", "id integer!", "on_id integer", "on_type text"),
        "note",
        of("user", "on_id", when={"on_type": "U"}),
    )
    data: Data = {
        **ROWS,
        "note": [
            {"id": 1, "on_id": 11, "on_type": "U"},
            {"id": 2, "on_id": 11, "on_type": "A"},
            {"id": 3, "on_id": 11, "on_type": None},
            {"id": 4, "on_id": 12, "on_type": "U"},
        ],
    }
    bound = world(ACCOUNT, USER, note)
    assert reached(bound, data, user=[11])["note"] == [1]
    assert own(bound, CUSTOMER)["note"] == All(
        parts=(Equals(column="on_type", value="U"), Named(columns=("on_id",), keys="user"))
    )


def test_a_key_of_several_columns_names_a_person_only_as_a_whole() -> None:
    member = mapped(table("member", "club integer!", "no integer!", key=("club", "no")), "account", person="customer")
    visit = mapped(table("visit", "id integer!", "club integer", "no integer"), "usage", of("member", "club no"))
    data: Data = {
        "member": [{"club": 1, "no": 1}, {"club": 1, "no": 2}, {"club": 2, "no": 1}],
        "visit": [
            {"id": 1, "club": 1, "no": 2},
            {"id": 2, "club": 2, "no": 1},
            {"id": 3, "club": 1, "no": None},
            {"id": 4, "club": 1, "no": 1},
        ],
    }
    bound = world(member, visit)
    found = Rows(bound=bound, rows=data, keys={"member": [(1, 2), (2, 1)]})
    selections = own(bound, CUSTOMER)
    assert selections["visit"] == Named(columns=("club", "no"), keys="member")
    assert found.ids(selections["visit"], "visit") == [1, 2]
    assert [(row["club"], row["no"]) for row in data["member"] if found.holds(selections["member"], "member", row)] == [
        (1, 2),
        (2, 1),
    ]


def test_a_link_to_another_column_than_the_key_is_joined() -> None:
    by_mail = Link(child="c", via=("email",), parent="user", to=("email",))
    where = Named(columns=("id",), keys="user")
    assert through(by_mail, ("id",), where) == Up(via=("email",), table="user", to=("email",), where=where)
    swapped = Link(child="c", via=("y", "x"), parent="m", to=("b", "a"))
    pair = Named(columns=("a", "b"), keys="m")
    assert through(swapped, ("a", "b"), pair) == Up(via=("y", "x"), table="m", to=("b", "a"), where=pair)


# Shared accounts.


def test_a_user_of_an_account_is_lent_not_owned() -> None:
    bound = world(ACCOUNT, USER, EVENT, BILL)
    assert [link.child for link in bound.links if lent(bound, link)] == ["user"]


def test_a_person_below_a_person_is_not_lent() -> None:
    child = mapped(table("kid", "id integer!", "user_id integer"), "account", of("user", "user_id"), person="minor")
    bound = world(ACCOUNT, USER, child)
    assert [link.child for link in bound.links if lent(bound, link)] == ["user"]
    assert set(own(bound, CUSTOMER)) == {"account", "user", "kid"}


def test_colleagues_stay_when_the_account_goes() -> None:
    """Even a key set that held a shared account would never reach a user who was not named."""
    assert reached(SHOP, ROWS, user=[11], account=[1]) == {"account": [1], "bill": [100], "user": [11], "event": [111]}


def test_only_accounts_with_people_of_these_kinds_below_them_are_shared_with_them() -> None:
    country = mapped(table("country", "id integer!"), "account")
    bound = world(ACCOUNT, USER, country, BILL)
    assert shared(bound, CUSTOMER) == ("account",)
    assert shared(bound, frozenset({"lead"})) == ()
    lone = mapped(table("lead", "id integer!"), "crm", person="lead")
    assert shared(world(lone), frozenset({"lead"})) == ()


def last(bound: Map, data: Data, people: frozenset[str] = CUSTOMER, **keys: list[object]) -> list[object]:
    found = Rows(bound=bound, rows=data, keys={name: keys.get(name, []) for name in bound.tables})
    return found.ids(last_of(bound, "account", people), "account")


def test_an_account_goes_with_the_last_of_its_people() -> None:
    assert last(SHOP, ROWS, user=[11]) == []
    assert last(SHOP, ROWS, user=[11, 12]) == [1]
    assert last(SHOP, ROWS, user=[11, 12, 21]) == [1, 2]


def test_an_account_that_never_had_people_goes_with_nobody() -> None:
    assert 3 not in last(SHOP, ROWS, user=[11, 12, 21, 99])


def test_people_of_a_kind_nobody_asked_about_keep_the_account() -> None:
    bound = world(ACCOUNT, USER, AGENT)
    data: Data = {**ROWS, "agent": [{"id": 1, "account_id": 1}]}
    assert last(bound, data, user=[11, 12]) == []
    both = frozenset({"customer", "agent"})
    assert last(bound, data, both, user=[11, 12]) == []
    assert last(bound, data, both, user=[11, 12], agent=[1]) == [1]


def test_an_account_stays_while_others_remain_and_the_named_are_told_so() -> None:
    found = Rows(bound=SHOP, rows=ROWS, keys={"user": [11, 21], "account": [2]})
    assert found.ids(staying(SHOP, "account", CUSTOMER), "account") == [1]


def test_people_who_belong_by_a_condition_count_only_where_it_holds() -> None:
    user = mapped(
        table("user", "id integer!", "owner_id integer", "owner_type text"),
        "account",
        of("account", "owner_id", when={"owner_type": "A"}),
        person="customer",
    )
    bound = world(ACCOUNT, user)
    data: Data = {
        "account": [{"id": 1}],
        "user": [{"id": 1, "owner_id": 1, "owner_type": "A"}, {"id": 2, "owner_id": 1, "owner_type": "B"}],
    }
    assert last(bound, data, user=[1]) == [1]
    assert last(bound, data, user=[2]) == []


def test_the_last_of_is_asked_as_at_least_one_named_and_no_other() -> None:
    selection = last_of(SHOP, "account", CUSTOMER)
    assert isinstance(selection, All)
    assert [isinstance(part, Not) for part in selection.parts] == [False, True]


def test_nobody_below_means_no_row() -> None:
    lone = world(ACCOUNT)
    assert last_of(lone, "account", CUSTOMER) == All(parts=(Always(value=False),))


def test_an_account_that_a_person_only_mentions_does_not_go_with_them() -> None:
    fan = mapped(
        table("user", "id integer!", "likes integer"),
        "account",
        of("account", "likes", edge=Edge.MENTION),
        person="customer",
    )
    bound = world(ACCOUNT, fan)
    data: Data = {"account": [{"id": 1}], "user": [{"id": 11, "likes": 1}]}
    assert last(bound, data, user=[11]) == []
    assert shared(bound, CUSTOMER) == ()
