"""`kept schema`."""

from __future__ import annotations

import json

from kept.cli.output import say
from kept.policy.schema import json_schema


def schema() -> int:
    """Print the JSON Schema (2020-12) of the policy file for editors."""
    say(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return 0
