"""Who a plan is about stays sealed as long as the plan is good or its run is owed, and no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from tests.samples.shop import NOW, Shop, policy, refused

from kept.app import applying, proving
from kept.store.runs import State
from kept.store.tables import sealed

TABLE = "person: {is: customer, key: id, find-by: {email: email}, kind: account}"
LATER = NOW + timedelta(hours=25)


@pytest.fixture
def peopled(shop: Shop) -> Shop:
    shop.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99))",
        "INSERT INTO person VALUES (1, 'anna@x.example'), (2, 'ben@x.example')",
    )
    shop.write(policy(TABLE))
    return shop


def kept_sealed(shop: Shop) -> int:
    with shop.context() as context, context.store.read() as tx:
        return int(tx.connection.execute(select(func.count()).select_from(sealed)).scalar_one())


def test_identifiers_of_a_plan_nobody_applied_are_destroyed_with_it(peopled: Shop) -> None:
    planned = peopled.erasure("email=anna@x.example")
    assert planned is not None
    assert kept_sealed(peopled) == 1
    peopled.plan(now=LATER)
    assert kept_sealed(peopled) == 0
    with refused("S309"):
        peopled.apply(planned, now=LATER)


def test_a_proof_destroys_what_has_expired_too(peopled: Shop) -> None:
    assert peopled.erasure("email=anna@x.example") is not None
    with peopled.context(now=LATER) as context:
        proving.prove(context, "en")
    assert kept_sealed(peopled) == 0


def test_identifiers_of_a_paused_run_outlive_the_plan_and_end_with_the_run(
    peopled: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = peopled.erasure("email=anna@x.example")
    assert planned is not None
    with monkeypatch.context() as patch:
        patch.setattr(applying, "_pause_asked", lambda _context, _run: True)
        outcome = peopled.apply(planned)
    assert outcome.state is State.PAUSED
    peopled.plan(now=LATER)
    assert kept_sealed(peopled) == 1
    assert peopled.resume(outcome.run, now=LATER).state is State.VERIFIED
    assert kept_sealed(peopled) == 0
    assert peopled.ids("person") == [2]
