"""The JSON Schema for editors: valid itself, and of one mind with the loader."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from kept.policy.schema import json_schema

SAMPLE = Path(__file__).parent / "policy_sample" / "kept.yaml"
REGISTER = os.environ.get("KEPT_REGISTER", "")


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


@pytest.fixture(scope="module")
def sample() -> dict[str, Any]:
    return read(SAMPLE)


def read(path: Path) -> dict[str, Any]:
    """As an editor reads it; dates stay text there."""
    loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    found: dict[str, Any] = json.loads(json.dumps(loaded, default=str))
    return found


def test_the_schema_is_a_schema_and_plain_json() -> None:
    Draft202012Validator.check_schema(json_schema())
    assert json.loads(json.dumps(json_schema())) == json_schema()


def test_every_section_and_key_is_described() -> None:
    sections = json_schema()["properties"]
    assert all(section["description"] for section in sections.values())
    assert sections["retention"]["additionalProperties"]["properties"]["keep"]["description"]


def test_the_sample_is_valid(validator: Draft202012Validator, sample: dict[str, Any]) -> None:
    assert [error.message for error in validator.iter_errors(sample)] == []


@pytest.mark.skipif(not REGISTER, reason="KEPT_REGISTER names no folder with policies: not run")
@pytest.mark.parametrize("name", ["aclaro", "amcs", "smarte", "vclerk", "web1on1"])
def test_a_published_policy_is_valid(validator: Draft202012Validator, name: str) -> None:
    policy = read(Path(REGISTER) / "policies" / f"{name}.kept.yaml")
    assert [error.message for error in validator.iter_errors(policy)] == []


def put(*path: str) -> Callable[[dict[str, Any], Any], None]:
    def change(policy: dict[str, Any], value: Any) -> None:
        for step in path[:-1]:
            policy = policy[step]
        policy[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (put("kept"), 2),
        (put("controler"), {}),
        (put("people"), ["customer"]),
        (put("people", "customer", "role"), "owner"),
        (put("people", "customer"), {}),
        (put("people", "customer", "minimum-age"), {"US": "young"}),
        (put("data", "account", "people"), "customer"),
        (put("data", "account", "fields"), "everything"),
        (put("data", "Account"), {"people": ["customer"]}),
        (put("purposes", "billing", "basis"), "concent"),
        (put("retention", "support", "keep"), "3 years"),
        (put("retention", "support", "keep"), "at most 3 yeers"),
        (put("retention", "support", "then"), "keep"),
        (put("retention", "support", "says"), "EX-52"),
        (put("retention", "support", "says"), {"colour": ["EX-52"]}),
        (put("laws", "gpdr"), {}),
        (put("requests", "answer-within"), "soon"),
        (put("requests", "channels", "fax"), {}),
        (put("systems", "shop", "tables", "account", "holds-restriction"), True),
        (put("safety", "stop-above"), 5),
        (put("safety", "recovery-window"), "30 days"),
        (put("pledges"), {}),
    ],
)
def test_what_the_loader_refuses_the_schema_refuses(
    validator: Draft202012Validator, sample: dict[str, Any], change: Any, value: Any
) -> None:
    policy = copy.deepcopy(sample)
    change(policy, value)
    assert not validator.is_valid(policy)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (put("retention", "support", "keep"), "no longer"),
        (put("retention", "support", "says"), ["EX-52"]),
        (put("people", "all"), {}),
        (put("text", "version"), 1),
        (put("data", "account", "optional"), "all"),
        (put("purposes", "billing", "basis"), ["contract", "consent"]),
    ],
)
def test_what_the_loader_accepts_the_schema_accepts(
    validator: Draft202012Validator, sample: dict[str, Any], change: Any, value: Any
) -> None:
    policy = copy.deepcopy(sample)
    change(policy, value)
    assert validator.is_valid(policy)
