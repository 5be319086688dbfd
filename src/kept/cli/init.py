"""`kept init`."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import Parameter

from kept.app import examining


def init(
    url: Annotated[str, Parameter(help="The database: a URL, or `env:NAME` for one in the environment.")],
    *,
    name: Annotated[str, Parameter(help="What the policy calls the system.")] = "main",
) -> int:
    """Write a first policy file for a database nobody has mapped: guesses marked as such, `undecided` where you decide.

    It goes to standard output: `kept init URL > kept.yaml`.
    """
    sys.stdout.write(examining.first_policy(url, name, os.environ))
    return 0
