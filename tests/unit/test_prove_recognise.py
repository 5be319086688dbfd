"""Recognisers: what they know, what they leave alone, and that no text makes them slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.prove.controls.recognise import BY_NAME, EVERY, Recogniser, also_nordic, country, truncated

KEY = "vck_live_" + "a1B2c3D4e5F6g7H8"


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_every_recogniser_knows_its_own_example(one: Recogniser) -> None:
    assert one.sound


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("email", "write to björn.o'neil@bücher.example, please"),
        ("email", "<anna+shop@mail.example.org>"),
        ("phone", "call +47 22 33 44 55 after noon"),
        ("phone", "Tel. 0170/1234567"),
        ("phone", "(030) 901820"),
        ("phone", "202-555-0142"),
        ("ip", "from 192.0.2.44:443"),
        ("ip", "peer 2001:db8:85a3::8a2e:370:7334 left"),
        ("iban", "NO93 8601 1117 947 KUNDE"),
        ("iban", "DE89370400440532013000"),
        ("card", "order paid with 4111-1111-1111-1111"),
        ("card", "378282246310005"),
        ("secret", f"use {KEY} here"),
        ("secret", "-----BEGIN RSA PRIVATE KEY-----"),
        ("url", "see https://a.example/x?y=1"),
        ("uuid", "id 6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
        ("coordinates", "at 59.91273, 10.74609"),
    ],
)
def test_a_value_is_found_in_the_middle_of_prose(name: str, text: str) -> None:
    assert BY_NAME[name].inside(text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("email", "a@b"),
        ("email", "@example.org and me@"),
        ("phone", "on 01-02-2024 at 12:30"),
        ("phone", "2024-05-01T10:00:00+02:00"),
        ("phone", "04/05/2024 12"),
        ("phone", "room 0 12 34"),
        ("ip", "12:30:45"),
        ("ip", "300.1.2.3"),
        ("ip", "ac:1f:09:00:11:22"),
        ("iban", "DE89370400440532013001"),
        ("iban", "XX00 1234 5678 9012 3456"),
        ("card", "4111 1111 1111 1112"),
        ("card", "9999 9999 9999 9995"),
        ("secret", "vck_live_xxxxxxxxxxxxxxxxxxxx"),
        ("secret", "$2b$12$C6UzMDM.H6dfI/f/IKcEeO"),
        ("secret", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("coordinates", "1.50, 2.50"),
        ("coordinates", "rtt 12.512 ms"),
    ],
)
def test_what_only_resembles_a_value_is_left_alone(name: str, text: str) -> None:
    assert not BY_NAME[name].inside(text)


def test_a_whole_value_is_told_from_one_inside_prose() -> None:
    email = BY_NAME["email"]
    assert email.whole(" anna@shop.example ")
    assert not email.whole("mail anna@shop.example")


def test_nordic_numbers_count_only_as_whole_values() -> None:
    assert also_nordic("22 33 44 55")
    assert also_nordic("912 34 567")
    assert not also_nordic("22 33 44 55 paid")
    assert not BY_NAME["phone"].inside("paid 22 33 44 55 in all")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.0", True),
        ("192.0.2.17", False),
        ("2001:db8:1::", True),
        ("2001:db8:1::1", False),
        ("2001:db8:0:1::", False),
        ("nobody", False),
    ],
)
def test_an_address_is_truncated_when_its_host_part_is_gone(address: str, expected: bool) -> None:
    assert truncated(address) is expected


def test_a_country_is_a_code_and_nothing_finer() -> None:
    assert country("NO")
    assert country(" de ")
    assert not country("Oslo")
    assert not country("NO-03")


@pytest.mark.parametrize(
    "evil", ["a@", "a.a@", "@a.", "1 ", "0-", "(0", "+1-", "AB12 ", ":", "eyJ", "1.1111,", "00 ", "www.", "a_live_"]
)
def test_no_repetition_of_a_stem_is_mistaken_or_endless(evil: str) -> None:
    # Bounded repeats: a quadratic pattern would hang this test on 200,000 characters.
    text = evil * (200_000 // len(evil))
    assert [one.name for one in EVERY if one.whole(text)] == []


@given(st.text(alphabet="0123456789 -./()+@:abcdefABCDEFeyJ_", max_size=200))
def test_a_whole_value_is_also_found_inside(text: str) -> None:
    for one in EVERY:
        if one.whole(text):
            assert one.inside(text)


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    for one in EVERY:
        one.inside(text)
