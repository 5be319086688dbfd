"""`kept check`."""

from __future__ import annotations

import sys

from kept.cli.options import DEFAULT_POLICY, Json, PolicyFile
from kept.cli.output import as_json, say
from kept.policy.check import check_file


def check(*, policy: PolicyFile = DEFAULT_POLICY, json: Json = False) -> int:
    """Check a policy file, its register and its prose; all findings at once.

    Exit code 0 without errors, 1 with one, 2 when the file cannot be read.
    """
    checked = check_file(policy)
    if json:
        as_json("check", {"findings": checked.values()})
    elif checked.findings:
        stream = sys.stdout if not checked.exit_code else sys.stderr
        stream.write(checked.text().rstrip() + "\n")
    else:
        say(f"{policy}: clean")
    return int(checked.exit_code)
