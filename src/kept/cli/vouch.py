"""`kept vouch`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from kept.app import vouching
from kept.cli.approve import Role
from kept.cli.options import DEFAULT_POLICY, PolicyFile, working
from kept.cli.output import say


def vouch(
    *promises: Annotated[str, Parameter(help="Promise ids of pledges.")],
    role: Role,
    policy: PolicyFile = DEFAULT_POLICY,
) -> int:
    """Vouch, as the role that owns a pledge, for what no program can check. It lasts for the pledge's review period."""
    with working(policy) as context:
        until = vouching.vouch(context, promises, role)
    for promise, day in until.items():
        say(f"{promise}: vouched by {role} until {day:%Y-%m-%d}")
    return 0
