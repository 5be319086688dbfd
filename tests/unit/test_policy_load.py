"""What a sound file becomes: entries, rules, systems, citations."""

from __future__ import annotations

from pathlib import Path

import pytest

from kept.law.periods import Period, Unit, parse_period
from kept.law.terms import Edge, Event, Fate, Ground, Outcome, Role, State
from kept.map.system import Backup, Canary, Clock, Controllers, Parent, Source
from kept.policy.findings import Exit, Refused, Severity
from kept.policy.keys import SECTIONS, citable
from kept.policy.load import load_policy, require
from kept.policy.model import Citation, Keep, Policy, Rule
from kept.policy.words import read_keep

SAMPLE = Path(__file__).parent / "policy_sample" / "kept.yaml"
HEAD = "kept: 1\ncontroller: {name: A, country: DE, timezone: Europe/Berlin, languages: [de]}\n"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return require(SAMPLE)


def rule(policy: Policy, name: str) -> Rule:
    return next(found for found in policy.retention if found.name == name)


def cited(policy: Policy, promise: str) -> Citation:
    return next(found for found in policy.citations if found.promise == promise)


def loaded(tmp_path: Path, content: str) -> Policy:
    path = tmp_path / "kept.yaml"
    path.write_text(HEAD + content, encoding="utf-8")
    return require(path)


def test_the_sample_has_warnings_and_no_error() -> None:
    assert {(f.severity, f.code) for f in load_policy(SAMPLE).findings} == {(Severity.WARNING, "P125")}


def test_the_sample_uses_every_key_of_the_grammar(policy: Policy) -> None:
    used = {(e.section, key) for section in policy.sections.values() for e in section.values() for key in e.spans}
    unused = {
        (section.name, key.name) for section in SECTIONS for key in citable(section.name) if key.name != "set-by"
    } - used
    assert unused == {("systems", "holds-restriction"), ("safety", "recovery-window")}


def test_the_controller_is_read(policy: Policy) -> None:
    assert (policy.controller.name, policy.controller.country) == ("Beispiel AS", "NO")
    assert policy.controller.languages == ("de", "en")


def test_the_digest_is_that_of_the_bytes(policy: Policy) -> None:
    import hashlib

    assert policy.digest == hashlib.sha256(SAMPLE.read_bytes()).hexdigest()


def test_what_all_says_holds_for_each_kind_of_people(policy: Policy) -> None:
    assert policy.people["customer"].minimum_age == (("any", 16), ("US", 13))
    end_user = policy.people["end-user"]
    assert (end_user.role, end_user.for_, end_user.refer_to) == (Role.PROCESSOR, "customer", "customer")
    assert end_user.except_ == (("improvement", Role.CONTROLLER),)
    assert "all" not in policy.people


def test_a_kind_of_data_keeps_what_it_says_and_what_all_forbids(policy: Policy) -> None:
    account = policy.data["account"]
    assert account.fields == ("name", "email", "phone", "location", "billing-address", "card-last-four")
    assert (account.sources, account.optional, account.precision) == (("sign-up",), ("phone",), {"location": "city"})
    assert account.never == ("religion",)
    assert policy.data["support"].fields is None
    assert policy.data["invoice"].only_for == ("billing",)


def test_a_rule_without_data_holds_for_the_kind_of_its_name(policy: Policy) -> None:
    assert rule(policy, "support").data == ("support",)


def test_all_is_every_kind_and_other_the_kinds_without_a_clock_ceiling_of_their_own(policy: Policy) -> None:
    assert rule(policy, "minor").data == ("account", "support", "invoice", "recording", "log")
    # `recording` has a ceiling of its own though its period is missing; a floor (`books`) is none, nor is `all`.
    assert rule(policy, "other").data == ("invoice", "log")


def test_a_rule_on_a_fact_is_no_ceiling_of_its_own(tmp_path: Path) -> None:
    policy = loaded(
        tmp_path,
        "people: {a: {role: controller}}\n"
        "data: {chat: {people: [a]}, mail: {people: [a]}}\n"
        "retention:\n"
        "  chat: {from: objection, keep: no longer, then: delete}\n"
        "  mail: {from: case-closed, keep: no longer, then: delete}\n"
        "  other: {from: collected, keep: at most 1 year, then: delete}\n",
    )
    assert rule(policy, "other").data == ("chat",)


def test_ceilings_floors_states_and_gaps_are_told_apart(policy: Policy) -> None:
    account, books, active = rule(policy, "account"), rule(policy, "books"), rule(policy, "active")
    assert (account.ceiling, account.then) == (Period(count=60, unit=Unit.DAYS), Outcome.ANONYMISE)
    assert (books.floor, books.ceiling, books.law) == (Period(count=10, unit=Unit.YEARS), None, "§ 147 AO")
    assert books.grounds == (Ground.LEGAL_OBLIGATION,)
    assert (active.state, active.event, active.then) == (State.ACCOUNT_OPEN, None, None)
    assert rule(policy, "objected").ceiling == parse_period("at once")
    assert rule(policy, "other").customer_set
    assert rule(policy, "recording").undecided == ("keep",)
    assert not rule(policy, "recording").runs
    assert rule(policy, "recording").bound == "at most"
    assert rule(policy, "minor").set_by == "privacy-officer"
    assert rule(policy, "dispute").review == Period(count=6, unit=Unit.MONTHS)
    assert rule(policy, "dispute").undecided == ("interest",)


@pytest.mark.parametrize(
    ("text", "keep"),
    [
        ("at most 7 years", Keep(bound="at most", period=Period(count=7, unit=Unit.YEARS))),
        ("at least 72 hours", Keep(bound="at least", period=Period(count=72, unit=Unit.HOURS))),
        ("no longer", Keep(bound="no longer", period=parse_period("at once"))),
        ("while in-backup", Keep(bound="while", state=State.IN_BACKUP)),
        ("at most customer-set", Keep(bound="at most", customer_set=True)),
        ("at least undecided", Keep(bound="at least", undecided=True)),
        ("undecided", Keep(bound="at most", undecided=True)),
    ],
)
def test_keep_is_read_as_written(text: str, keep: Keep) -> None:
    assert read_keep(text) == keep


@pytest.mark.parametrize(
    "text", ["7 years", "at most", "at most seven years", "while asleep", "at  most 1 day", "most 1 day"]
)
def test_a_keep_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_keep(text)


def test_tables_become_entries_of_their_system(policy: Policy) -> None:
    (shop,) = policy.systems
    account, user = shop.by_name["account"], shop.by_name["account_user"]
    assert account.shared
    assert not user.shared
    assert account.on[Event.ACCOUNT_CLOSED] == Clock(column="closed_at")
    assert account.on[Event.COLLECTED] == Clock(column="opened_at", zone="Europe/Oslo", format="date")
    assert user.parents == (Parent(table="account", via=("account_id",)),)
    assert (user.person, user.find_by, user.triggers) == ("customer", (("email", "email"),), ("touch",))
    assert user.source == Source(constant=("sign-up",))
    assert user.about == {"residence": "country", "birth-date": "born"}


def test_several_paths_and_composite_keys_are_kept(policy: Policy) -> None:
    line = policy.systems[0].by_name["order line"]
    assert line.key == ("order_id", "line")
    assert line.parents[1] == Parent(table="account_user", via=("user_a", "user_b"), edge=Edge.SHARE)


def test_a_link_is_a_parent_of_the_table_it_points_from(policy: Policy) -> None:
    expected = Parent(table="support_record", via=("sender_id",), when=(("sender_type", "Contact"),), edge=Edge.MENTION)
    assert policy.systems[0].by_name["message"].parents == (expected,)


def test_columns_say_field_fate_reason_and_what_stands_in_json(policy: Policy) -> None:
    columns = policy.systems[0].by_name["account_user"].columns
    assert columns["last4"].field == "card-last-four"
    assert columns["nickname"].fate is Fate.EMPTY
    assert columns["remark"].reason == "agreed with the works council"
    assert [(path, cell.kind, cell.category) for path, cell in columns["settings"].json] == [
        ("$.phone", "account", "contact")
    ]


def test_a_system_knows_its_canary_controllers_backups_and_what_is_not_personal(policy: Policy) -> None:
    (shop,) = policy.systems
    assert shop.canary == Canary(table="account_user", key="1")
    assert shop.controllers == Controllers(
        table="account", key="id", name="name", contact="contact", keep_days="retention_days"
    )
    assert shop.backups == (Backup(name="nightly", keeps="35 days"),)
    assert (shop.generation, shop.ignored) == ("kept_generation", ("schema_version", "product"))


def test_safety_is_read_and_has_defaults(policy: Policy, tmp_path: Path) -> None:
    assert policy.safety.stop_above == pytest.approx(0.025)
    assert policy.safety.approve == ("erasure", "retention")
    assert policy.safety.fresh_within == Period(count=6, unit=Unit.HOURS)
    default = loaded(tmp_path, "").safety
    assert (default.stop_above, default.approve) == (0.05, ())
    assert default.fresh_within == Period(count=24, unit=Unit.HOURS)


@pytest.mark.parametrize(
    ("promise", "place"),
    [
        ("EX-1", "text.documents.terms"),
        ("EX-2", "text.statements"),
        ("EX-3", "text.defects"),
        ("EX-5", "text.version"),
        ("EX-13", "people.customer.role"),
        ("EX-36", "cookies.choice.per"),
        ("EX-38", "cookies.used"),
        ("EX-42", "cookies.used.analysis.lifetime"),
        ("EX-52", "retention.support.keep"),
        ("EX-59", "requests.channels.support.address"),
        ("EX-61", "requests.answer-within"),
        ("EX-67", "requests.all.for"),
        ("EX-79", "disclosures.never"),
        ("EX-85", "pledges.1.owner"),
    ],
)
def test_a_list_cites_the_main_key_and_a_map_its_keys(policy: Policy, promise: str, place: str) -> None:
    assert cited(policy, promise).place == place


def test_a_citation_knows_where_it_stands_what_it_says_and_who_chose(policy: Policy) -> None:
    minor = cited(policy, "EX-56")
    line = SAMPLE.read_text(encoding="utf-8").splitlines()[minor.span.line - 1]
    assert line[minor.span.column - 1 :][: minor.span.width] == "EX-56"
    assert minor.at is not None
    assert line[minor.at.column - 1 :][: minor.at.width] == "at most 72 hours"
    assert minor.set_by == "privacy-officer"
    assert minor.rule == "{data: all, from: minor-found, keep: at most 72 hours, set-by: privacy-officer, then: delete}"
    assert minor.control == "count rows past date or in a forbidden state"


def test_a_promise_is_undecided_only_when_its_very_value_is_missing(policy: Policy) -> None:
    assert {c.promise for c in policy.citations if c.undecided} == {"EX-10", "EX-42", "EX-55", "EX-60", "EX-73"}


def test_a_period_without_its_event_is_missing(tmp_path: Path) -> None:
    policy = loaded(
        tmp_path,
        "people: {a: {role: controller}}\ndata: {mail: {people: [a]}}\n"
        "retention: {mail: {from: undecided, keep: at most 7 years, then: delete, says: [X-1]}}\n",
    )
    assert cited(policy, "X-1").undecided
    assert policy.retention[0].event is None
    assert not policy.retention[0].runs


def test_defects_and_statements_are_known_by_promise(policy: Policy) -> None:
    assert policy.text.defects == {"EX-3": "contradiction"}
    assert policy.text.statements == ("EX-2",)
    assert policy.promises[0] == "EX-1"
    assert len(policy.promises) == 85


def test_a_refusal_holds_every_error_and_no_warning(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    path.write_text(HEAD.replace("DE", "XX") + "people: {a: {role: boss}}\nretention: {x: {keep: undecided}}\n")
    with pytest.raises(Refused) as refused:
        require(path)
    assert refused.value.exit_code is Exit.BROKEN
    assert {f.code for f in refused.value.findings} == {"P107", "P102", "T306", "T302", "T303"}
