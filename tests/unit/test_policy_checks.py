"""Faults of policies: each is found, at its place, with the edit that repairs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kept.policy import codes
from kept.policy.check import check_file
from kept.policy.codes import CODES
from kept.policy.findings import Exit, Finding
from kept.policy.load import load_policy

HEAD = "kept: 1\ncontroller: {name: A, country: DE, timezone: Europe/Berlin, languages: [de]}\n"
BASE = {
    "people": "{customer: {role: controller}}",
    "data": "{account: {people: [customer]}, mail: {people: [customer]}}",
    "purposes": "{run: {basis: contract, data: [account, mail]}}",
    "retention": "{account: {from: account-closed, keep: at most 60 days, then: delete}, "
    "mail: {from: account-closed, keep: no longer, then: delete}}",
    "systems": "{shop: {url: env:SHOP, tables: {users: {is: customer, find-by: {email: mail}, kind: account, "
    "on: {account-closed: gone_at}}, letters: {of: users, via: user_id, kind: mail}}}}",
}


def policy(**sections: str) -> str:
    return HEAD + "".join(f"{name}: {value}\n" for name, value in {**BASE, **sections}.items())


def found(tmp_path: Path, content: str) -> tuple[Finding, ...]:
    path = tmp_path / "kept.yaml"
    path.write_text(content, encoding="utf-8")
    return load_policy(path).findings


def marked(content: str, finding: Finding) -> str:
    span = finding.spans[0]
    return content.split("\n")[span.line - 1][span.column - 1 :][: span.width]


def test_the_base_of_these_tests_is_sound(tmp_path: Path) -> None:
    assert found(tmp_path, policy()) == ()


RULE = "retention"
ACCOUNT = "account: {from: account-closed, keep: at most 60 days, then: delete}"
MAIL = "mail: {from: account-closed, keep: no longer, then: delete}"
USERS = "users: {is: customer, find-by: {email: mail}, kind: account, on: {account-closed: gone_at}}"
LETTERS = "letters: {of: users, via: user_id, kind: mail}"


def rules(*entries: str) -> str:
    return policy(retention=f"{{{', '.join([ACCOUNT, MAIL, *entries])}}}")


def account(content: str) -> str:
    return policy(data=f"{{account: {{{content}}}, mail: {{people: [customer]}}}}")


def shop(*tables: str, more: str = "") -> str:
    return policy(systems=f"{{shop: {{url: env:SHOP{more}, tables: {{{', '.join(tables)}}}}}}}")


FAULTS = [
    # the file
    ("P011", "retenion", HEAD + "retenion: {}\n"),
    ("P011", "people2", account("people2: [customer], people: [customer]")),
    ("P012", "account", account("categories: [contact]")),
    ("P014", "2", policy().replace("kept: 1", "kept: 2")),
    ("P015", "undecided", policy(people="{customer: {role: controller}, b: {role: processor, for: undecided}}")),
    ("P101", "acount", policy(purposes="{run: {basis: contract, data: [acount, account, mail]}}")),
    ("P101", "client", account("people: [client]")),
    ("P101", "buy", account("people: [customer], only-for: [buy, run]")),
    ("P101", "lnik", policy(consent="{given-by: [tick], withdrawn-by: [lnik]}")),
    ("P107", "Atlantis", policy(laws="{gdpr: {for: [Atlantis]}}")),
    ("P102", "concent", policy(purposes="{run: {basis: concent, data: [account, mail]}}")),
    ("P102", "gpdr", policy(laws="{gpdr: {for: [EEA]}}")),
    ("P102", "acount-closed", rules("other: {from: acount-closed, keep: at most 1 day, then: delete}")),
    ("P102", "keep", rules("other: {from: account-closed, keep: at most 1 day, then: keep}")),
    ("P102", "interval", rules("other: {from: interval, keep: at most 1 day, then: delete}")),
    ("P102", "encripted", policy(measures="{m: {of: all, check: encripted}}")),
    ("P103", "60 day's", policy(requests="{answer-within: 60 day's}")),
    ("P103", "at most forever", rules("other: {from: account-closed, keep: at most forever, then: delete}")),
    ("P103", "at most 900 years", rules("other: {from: account-closed, keep: at most 900 years, then: delete}")),
    ("P104", "01.01.2020", policy(laws="{ccpa: {for: [US-CA], since: 01.01.2020}}")),
    ("P105", "5", policy(safety="{stop-above: 5}")),
    ("P105", "120 %", policy(safety="{stop-above: 120 %}")),
    ("P105", "young", policy(people="{customer: {role: controller, minimum-age: {DE: young}}}")),
    ("P105", "yes", policy(laws="{ccpa: {for: [US-CA], over-policy: yes}}")),
    ("P106", "Big_Data", policy(text="{scope: [Big_Data]}")),
    ("P106", "a b", policy(measures="{a b: {of: all, check: vaulted}}")),
    ("P107", "Germany", policy().replace("DE", "Germany")),
    ("P107", "Europe/Berln", policy().replace("Europe/Berlin", "Europe/Berln")),
    ("P107", "deutsch", policy().replace("[de]", "[deutsch]")),
    ("P108", "contact", account("people: [customer], categories: [contact, contact]")),
    ("P122", "colour", policy(consent="{given-by: [tick], says: {colour: [X-1]}}")),
    (
        "P123",
        "law",
        rules("o: {data: all, from: account-closed, keep: at most 9 years, then: delete, says: {law: [X-1]}}"),
    ),
    ("P124", "X-1", policy(consent="{given-by: [tick], says: [X-1]}")),
    ("P125", "undecided", policy(text="{version: undecided}")),
    ("P126", "nowhere.csv", policy(text="{promises: nowhere.csv}")),
    # rights
    ("R201", "legal-obligation", rules("f: {data: all, keep: while hold, ground: legal-obligation}")),
    (
        "R202",
        "[backup, overriding-interest]",
        rules("f: {data: all, keep: while hold, ground: [backup, overriding-interest]}"),
    ),
    ("R203", "while needed", rules("f: {data: all, keep: while needed, ground: backup}")),
    ("R204", "backup", rules("o: {data: all, from: objection, keep: no longer, then: delete, ground: backup}")),
    ("R205", "client", policy(people="{customer: {role: controller}, user: {role: processor, for: client}}")),
    ("R206", "user", policy(people="{customer: {role: controller}, user: {role: processor}}")),
    ("R207", "erasur", policy(requests="{erasur: {for: all}}")),
    ("R208", "[run]", policy(requests="{objection: {purposes: [run]}}")),
    # retention
    ("T301", "delete", rules("f: {data: all, keep: while hold, then: delete}")),
    ("T302", "f", rules("f: {data: all, keep: at least 1 year}")),
    ("T303", "o", rules("o: {data: all, from: objection, keep: no longer}")),
    (
        "T304",
        "at most 1 year",
        rules("twice: {data: [mail], from: account-closed, keep: at most 1 year, then: delete}"),
    ),
    ("T305", "at least 3 months", rules("f: {data: [account], from: account-closed, keep: at least 3 months}")),
    ("T306", "acount", rules("acount: {from: collected, keep: at most 1 day, then: delete}")),
    ("T307", "mail", policy(retention=f"{{{ACCOUNT}, f: {{data: [mail], keep: while hold}}}}")),
    ("T308", "collected", rules("other: {data: [mail], from: collected, keep: at most 1 day, then: delete}")),
    ("T308", "end-of-calendar-year", rules("f: {data: [mail], from: end-of-calendar-year, keep: at least 1 day}")),
    ("T309", "mail", shop(USERS)),
    # collection and consent
    (
        "C401",
        "mail",
        policy(
            data="{all: {fields: declared}, account: {people: [customer]}, mail: {people: [customer]}}",
            purposes="{run: {basis: contract, data: [account]}}",
        ),
    ),
    ("C402", "consent", policy(purposes="{run: {basis: consent, data: [account, mail]}}")),
    (
        "C403",
        "[account, mail]",
        policy(
            data="{account: {people: [customer], only-for: [pay]}, mail: {people: [customer]}}",
            purposes="{run: {basis: contract, data: [account, mail]}, pay: {basis: contract, data: [account]}}",
        ),
    ),
    ("C404", "[fax]", account("people: [customer], fields: [name], optional: [fax]")),
    ("C405", "email", policy(purposes="{run: {basis: contract, data: [account, mail], channel: email}}")),
    # systems
    ("S101", "usres", shop(USERS, "letters: {of: usres, via: user_id, kind: mail}")),
    ("S101", "[{to: nothing, via: a}]", shop(USERS.replace("kind", "links: [{to: nothing, via: a}], kind"), LETTERS)),
    ("S102", "users", shop(USERS, "letters: {of: users, kind: mail}")),
    ("S102", "user_id", shop(USERS, "letters: {via: user_id, kind: mail, on: {account-closed: at}}")),
    ("S103", "true", shop(USERS, LETTERS.replace("kind", "holds-restriction: true, kind"))),
    ("S103", "30 days", policy(safety="{recovery-window: 30 days}")),
    ("S104", "{a: {fate: keep}}", shop(USERS, LETTERS.replace("kind", "columns: {a: {fate: keep}}, kind"))),
    (
        "S105",
        "visitor",
        policy(
            people="{customer: {role: controller}, visitor: {role: controller}}",
            systems=f"{{shop: {{url: env:S, tables: {{{USERS.replace('customer', 'visitor')}, {LETTERS}}}}}}}",
        ),
    ),
    (
        "S106",
        "{gone_at: {fate: empty}}",
        shop(USERS.replace("kind", "columns: {gone_at: {fate: empty}}, kind"), LETTERS),
    ),
    ("S107", "{table: userz, key: 1}", shop(USERS, LETTERS, more=", canary: {table: userz, key: 1}")),
    ("S108", "{email: a}", shop(USERS, LETTERS.replace("kind", "find-by: {email: a}, kind"))),
    ("S109", "customer", shop(USERS.replace("find-by: {email: mail}, ", ""), LETTERS)),
    ("S110", '"postgresql://a:b@c/d"', shop(USERS, LETTERS).replace("env:SHOP", '"postgresql://a:b@c/d"')),
    ("S111", "bare", shop(USERS, LETTERS, "bare: {key: id}")),
    ("S112", "[letters]", shop(USERS, LETTERS, more=", nothing-personal: [letters]")),
]


@pytest.mark.parametrize(("code", "text", "content"), FAULTS, ids=[f"{c}-{t}"[:40] for c, t, _ in FAULTS])
def test_a_fault_is_found_alone_and_where_it_stands(tmp_path: Path, code: str, text: str, content: str) -> None:
    findings = found(tmp_path, content)
    assert [f.code for f in findings] == [code]
    assert marked(content, findings[0]) == text
    assert findings[0].help
    assert findings[0].why == CODES[code].why or findings[0].why.startswith("Art.")


@pytest.mark.parametrize("group", "RTC")
def test_a_fault_against_the_law_names_its_article(group: str) -> None:
    silent = {"T301", "T306", "T308", "T309", "C404"}  # faults of the file, not of the law
    bare = {code.code for code in CODES.values() if code.code[0] == group and "GDPR" not in code.why}
    assert bare <= silent


EARLY = {"P001", "P002", "P003", "P004", "P005", "P006", "P007", "P008", "P009", "P010", "P013"}
"""Found before anything is understood; their tests read files."""
ELSEWHERE = {"P120", "P121", "P127", "P128", "P129"}
"""Need a register or a prose beside the policy; tested below."""


def test_every_code_has_a_test() -> None:
    assert CODES.keys() - {code for code, _, _ in FAULTS} == EARLY | ELSEWHERE


def test_every_code_that_the_loader_names_is_in_the_table() -> None:
    room = Path(codes.__file__).parent
    files = (file for file in room.glob("*.py") if file.name != "codes.py")
    named = {code for file in files for code in re.findall(r'"([PRTCS]\d{3})"', file.read_text(encoding="utf-8"))}
    assert named == set(CODES)


def test_every_code_has_a_page() -> None:
    assert [code.code for code in CODES.values() if not (code.title and code.page.endswith("."))] == []


def test_a_misspelt_word_is_met_with_the_one_that_was_meant(tmp_path: Path) -> None:
    finding = found(tmp_path, policy(purposes="{run: {basis: concent, data: [account, mail]}}"))[0]
    assert finding.spans[0].note == "did you mean `consent`?"
    assert finding.fix == "consent"
    assert finding.why == "Art. 6(1) GDPR: lawful basis"


def test_nothing_is_suggested_for_a_word_that_is_like_no_other(tmp_path: Path) -> None:
    finding = found(tmp_path, policy(purposes="{run: {basis: zzz, data: [account, mail]}}"))[0]
    assert (finding.spans[0].note, finding.fix) == ("", "")


def test_findings_come_all_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    content = policy(
        purposes="{run: {basis: concent, data: [acount, mail]}}", laws="{gpdr: {}}", safety="{stop-above: x}"
    )
    places = [(f.spans[0].line, f.spans[0].column) for f in found(tmp_path, content)]
    assert len(places) == 4
    assert places == sorted(places)


@pytest.mark.parametrize("fault", ["people: 5", "people: [nobody]", "people: all, people: all"])
def test_a_faulty_element_still_counts_as_declared(tmp_path: Path, fault: str) -> None:
    content = policy(data=f"{{account: {{{fault}}}, mail: {{people: [customer]}}}}")
    assert {f.code for f in found(tmp_path, content)} <= {"P009", "P010", "P101"}


def test_a_floor_with_a_ground_may_outlast_a_ceiling(tmp_path: Path) -> None:
    content = rules("f: {data: [account], from: account-closed, keep: at least 3 months, ground: backup}")
    assert found(tmp_path, content) == ()


def test_a_rule_for_all_may_stand_beside_one_for_a_kind(tmp_path: Path) -> None:
    content = rules("general: {data: all, from: account-closed, keep: at most 1 year, then: delete}")
    assert found(tmp_path, content) == ()


def test_a_clock_is_taken_from_the_nearest_table_up_the_path_and_never_from_a_child(tmp_path: Path) -> None:
    child = shop(
        USERS.replace(", on: {account-closed: gone_at}", ""), LETTERS.replace("kind", "on: {account-closed: b}, kind")
    )
    findings = found(tmp_path, child)
    assert [(f.code, f.message) for f in findings] == [("T308", "`account-closed` is not mapped for shop.users")]


def test_paths_that_run_in_a_circle_end(tmp_path: Path) -> None:
    tables = (
        USERS,
        LETTERS,
        "a: {of: b, via: x, kind: mail}",
        "b: {of: a, via: y, kind: mail}",
        "c: {of: c, via: z, kind: mail}",
    )
    findings = found(tmp_path, shop(*tables))
    assert [f.message for f in findings] == ["`account-closed` is not mapped for shop.a, shop.b, shop.c"]


def test_a_processor_may_work_for_controllers_that_a_system_lists(tmp_path: Path) -> None:
    content = policy(
        people="{customer: {role: controller}, user: {role: processor, for: client}}",
        systems=BASE["systems"].replace("env:SHOP", "env:SHOP, controllers: {table: users, key: id}"),
    )
    assert found(tmp_path, content) == ()


def register(tmp_path: Path, text: str) -> str:
    (tmp_path / "promises.csv").write_text(text, encoding="utf-8")
    return policy(text="{promises: promises.csv, file: prose.md}", consent="{given-by: [tick], says: [X-1, x-2, X-1]}")


def test_an_id_cited_twice_shows_both_places(tmp_path: Path) -> None:
    content = register(tmp_path, "id,kind,obligation\nX-1,a,b\nX-2,a,b\n")
    twice = next(f for f in found(tmp_path, content) if f.code == "P121")
    first = twice.spans[1]
    assert (twice.spans[0].column - first.column, first.note) == (10, "cited here first, at `consent.given-by`")


def test_an_id_that_the_register_does_not_hold_is_met_with_its_spelling(tmp_path: Path) -> None:
    unknown = [
        f for f in found(tmp_path, register(tmp_path, "id,kind,obligation\nX-1,a,b\nX-2,a,b\n")) if f.code == "P120"
    ]
    assert [(f.message, f.fix) for f in unknown] == [("promise x-2 is not in `promises.csv`", "X-2")]


def test_a_register_with_a_fault_shows_the_row(tmp_path: Path) -> None:
    fault = found(tmp_path, register(tmp_path, "id,kind,obligation\nX-1,a,b\nX-1,a,b\n"))[0]
    assert (fault.code, fault.spans[1].line) == ("P126", 3)
    assert fault.spans[1].file.endswith("promises.csv")


def checked(tmp_path: Path, prose: str | None) -> list[tuple[str, str]]:
    content = register(tmp_path, "id,kind,obligation\nX-1,a,b\nX-2,a,b\n").replace(", x-2, X-1]", "]")
    (tmp_path / "kept.yaml").write_text(content, encoding="utf-8")
    if prose is not None:
        (tmp_path / "prose.md").write_text(prose, encoding="utf-8")
    result = check_file(tmp_path / "kept.yaml")
    assert result.exit_code is (Exit.BROKEN if any(f.code == "P120" for f in result.findings) else Exit.FINE)
    return [(f.code, f.message) for f in result.findings]


def test_a_prose_that_bears_every_promise_is_sound(tmp_path: Path) -> None:
    assert checked(tmp_path, "Ein Satz. {X-1, X-2}\n") == []


def test_a_missing_prose_is_a_warning(tmp_path: Path) -> None:
    assert checked(tmp_path, None) == [("P128", "`prose.md`: cannot read the file: no such file or directory")]


def test_ids_of_the_prose_are_checked_both_ways(tmp_path: Path) -> None:
    assert checked(tmp_path, "Ein Satz. {X-1}\nNoch einer. {X-9}\n") == [
        ("P120", "promise X-9 is not in `promises.csv`"),
        ("P129", "no sentence bears X-2"),
    ]


def test_check_of_an_unreadable_file_could_not_run(tmp_path: Path) -> None:
    assert check_file(tmp_path / "nowhere.yaml").exit_code is Exit.COULD_NOT_RUN


def test_a_file_full_of_misspelt_names_is_told_in_full_and_suggestions_end(tmp_path: Path) -> None:
    kinds = ", ".join(f"d{i}: {{people: [custmer]}}" for i in range(150))
    findings = [f for f in found(tmp_path, policy(data=f"{{{kinds}}}")) if f.code == "P101" and "custmer" in f.message]
    assert len(findings) == 150
    assert (findings[0].fix, findings[-1].fix) == ("customer", "")
