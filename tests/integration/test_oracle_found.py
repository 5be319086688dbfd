"""What the oracle found: each case in its smallest form, so that it stays mended."""

from __future__ import annotations

from tests.samples.shop import LONG_AGO, Shop, policy

DUE = "account: {from: collected, keep: at most 60 days, then: delete}"
PERSON = "person: {is: customer, key: id, kind: account, find-by: {email: email}}"
UNDER = "person: {is: customer, key: id, kind: account, find-by: {email: email}, of: account, via: account_id}"
ANNA = "email=anna@x.example"


def test_a_kept_column_keeps_its_row_and_the_rest_goes(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), state VARCHAR(9))",
        "INSERT INTO person VALUES (1, 'anna@x.example', 'closed')",
    )
    shop.write(policy(PERSON.replace("kind:", "columns: {state: {fate: keep, reason: needed}}, kind:")))
    shop.erase(ANNA)
    assert shop.rows("person") == [(1, None, "closed")]


def test_an_account_stays_with_the_last_person_whom_a_duty_keeps(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, name VARCHAR(9))",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), account_id INTEGER)",
        "CREATE TABLE invoice (id INTEGER PRIMARY KEY, account_id INTEGER)",
        "INSERT INTO account VALUES (1, 'x')",
        "INSERT INTO person VALUES (1, 'anna@x.example', 1)",
        "INSERT INTO invoice VALUES (1, 1)",
    )
    duty = "account: {from: undecided, keep: at least 8 years, ground: [legal-obligation], law: Bookkeeping Act}"
    invoice = "invoice: {key: id, kind: support, of: account, via: account_id}"
    shop.write(
        policy(f"account: {{key: id, kind: support}}\n{UNDER}\n{invoice}", retention=duty, kinds=("account", "support"))
    )
    before = shop.picture()
    planned = shop.erasure(ANNA)
    assert planned is not None
    assert planned.plan.steps == ()
    assert shop.picture() == before


def test_an_account_stays_with_a_stranger_far_below_and_goes_with_the_last(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY)",
        "CREATE TABLE team (id INTEGER PRIMARY KEY, account_id INTEGER)",
        "CREATE TABLE clerk (id INTEGER PRIMARY KEY, email VARCHAR(99), team_id INTEGER)",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), account_id INTEGER)",
        "INSERT INTO account VALUES (1), (2)",
        "INSERT INTO team VALUES (1, 1), (2, 2)",
        "INSERT INTO clerk VALUES (1, 'bob@x.example', 1), (2, 'anna@x.example', 2)",
        "INSERT INTO person VALUES (1, 'anna@x.example', 1)",
    )
    team = "team: {key: id, kind: account, of: account, via: account_id}"
    clerk = "clerk: {is: customer, key: id, kind: account, find-by: {email: email}, of: team, via: team_id}"
    shop.write(policy(f"account: {{key: id, kind: account}}\n{team}\n{clerk}\n{UNDER}"))
    shop.erase(ANNA)
    assert [shop.ids(table) for table in ("account", "team", "clerk", "person")] == [[1], [1], [1], []]


def test_a_column_that_links_name_stays_under_rows_that_stay(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP , code VARCHAR(40) NOT NULL)",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person_code VARCHAR(40))",
        f"INSERT INTO person VALUES (1, 'anna@x.example', '{LONG_AGO}', 'A-7')",
        "INSERT INTO note VALUES (1, 'A-7')",
    )
    note = "note: {key: id, kind: support, of: [{table: person, via: person_code, to: code}]}"
    rules = f"{DUE}\nsupport: {{from: collected, keep: at most 20 years, then: delete}}"
    tables = PERSON.replace("kind:", "on: {collected: at}, kind:")
    shop.write(policy(f"{tables}\n{note}", retention=rules, kinds=("account", "support")))
    shop.apply(shop.plan())
    assert shop.rows("person", "email, code") == [(None, "A-7")]
    assert shop.rows("note") == [(1, "A-7")]


def test_what_was_derived_from_a_person_goes_with_them(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99))",
        "CREATE TABLE score (id INTEGER PRIMARY KEY, person_id INTEGER)",
        "INSERT INTO person VALUES (1, 'anna@x.example'), (2, 'bob@x.example')",
        "INSERT INTO score VALUES (1, 1), (2, 2)",
    )
    shop.write(
        policy(f"{PERSON}\nscore: {{key: id, kind: account, of: [{{table: person, via: person_id, edge: derive}}]}}")
    )
    shop.erase(ANNA)
    assert shop.ids("person") == shop.ids("score") == [2]


def test_a_path_that_leads_to_no_row_holds_nothing(shop: Shop) -> None:
    shop.make(
        "CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TIMESTAMP )",
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), account_id INTEGER)",
        "CREATE TABLE note (id INTEGER PRIMARY KEY, person_id INTEGER, account_id INTEGER)",
        f"INSERT INTO account VALUES (1, '{LONG_AGO}')",
        "INSERT INTO note VALUES (1, NULL, 1)",
    )
    account = "account: {key: id, kind: account, on: {account-closed: closed_at}}"
    paths = "[{table: person, via: person_id}, {table: account, via: account_id}]"
    floor = "account: {from: account-closed, keep: at least 1 days, then: delete}"
    shop.write(policy(f"{account}\n{UNDER}\nnote: {{key: id, kind: account, of: {paths}}}", retention=floor))
    shop.apply(shop.plan())
    assert shop.ids("account") == shop.ids("note") == []


def test_a_chain_of_twelve_tables_is_one_join(shop: Shop) -> None:
    chain = [f"t{number}" for number in range(1, 12)]
    parents = ["person", *chain]
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )",
        *(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, up INTEGER)" for name in chain),
        f"INSERT INTO person VALUES (1, 'anna@x.example', '{LONG_AGO}')",
        *(f"INSERT INTO {name} VALUES (1, 1)" for name in chain),
    )
    links = [f"{name}: {{key: id, kind: account, of: {up}, via: up}}" for name, up in zip(chain, parents, strict=False)]
    shop.write(policy("\n".join([PERSON.replace("kind:", "on: {collected: at}, kind:"), *links]), retention=DUE))
    shop.apply(shop.plan())
    assert [shop.ids(name) for name in parents] == [[]] * 12
