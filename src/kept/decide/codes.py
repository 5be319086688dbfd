"""Finding codes of plans and runs (S3xx) and of named people (R1xx): the pages `kept explain` prints."""

from __future__ import annotations

from typing import Final

from kept.policy.codes import Code

_TABLE: Final = (
    Code(
        code="P021",
        title="`--as-of` is not an instant",
        page="Dates are decided for one instant, written in ISO 8601: a day, or a day and a time with its offset.",
    ),
    Code(
        code="P022",
        title="a number out of range",
        page="The demo builds between 100 and 1,000,000 people.",
    ),
    Code(
        code="S326",
        title="a role is no word",
        page="Whoever approves a plan is named by the role they hold, in small letters, digits and hyphens: `privacy-officer`."
        " Roles stand in the ledger, and no name of a person does.",
    ),
    Code(
        code="S327",
        title="a plan would delete its own canary",
        page="The canary is a row that always stays: what is verified after a run is believed because it is still found. A row"
        " that the plan itself deletes cannot vouch for anything, so nothing is begun. Name another row.",
    ),
    Code(
        code="L120",
        title="the audit cannot begin",
        page="The copy cannot be read, no file is named for an export, or a key or witness is not written as it should be.",
    ),
    Code(
        code="K199",
        title="an error of Kept itself",
        page="Kept met something it did not expect. The message names kind and place in its code, never a value; nothing is"
        " half-applied. Please report it.",
    ),
    Code(
        code="R101",
        title="an identifier cannot be read",
        page="Who a request is about is given as `email=…`, `phone=…` or another identifier of the policy's `find-by`. A value"
        " that cannot be one (a mail address without a domain) would find strangers, so it is refused. The value itself is"
        " never repeated in a message.",
    ),
    Code(
        code="R102",
        title="no table finds people by this identifier",
        page="No mapped table has a `find-by` of this type, so a search would find nobody and prove nothing.",
    ),
    Code(
        code="S301",
        title="tables point at each other in a circle",
        page="Children go before parents. Where tables point at each other there is no such order, and nothing is destroyed"
        " until one link is given `edge: mention` or left out.",
    ),
    Code(
        code="S302",
        title="a column cannot be emptied in place",
        page="The column is NOT NULL and its type takes no neutral value (an enumeration, a unique number, a text too short)."
        " A field that is skipped is not erased, so the whole plan is refused before the first row is touched.",
        why="Art. 17(1) GDPR",
    ),
    Code(
        code="S303",
        title="a deletion would reach a table outside the map",
        page="A foreign key of a table that the policy does not map points at rows the plan deletes: the database would delete,"
        " empty or refuse on its own. Map the table; constraints are never switched off.",
    ),
    Code(
        code="S304",
        title="a trigger nobody reviewed",
        page="A trigger on a table of the plan can copy what is deleted. Read it; if it copies nothing personal, list it under"
        " `triggers` of the table. If it does, map the table it writes to.",
        why="Art. 5(1)(e), 17(1) GDPR",
    ),
    Code(
        code="S305",
        title="a mapped column or parent is missing",
        page="The policy names a column or a table that the database no longer has.",
    ),
    Code(
        code="S306",
        title="rows may be hidden",
        page="A view stands in place of the table, row-level security filters it, the role may not read it, or the catalogue"
        " expects rows where none are found. Counts through a filter prove nothing.",
    ),
    Code(
        code="S307",
        title="more rows match than the plan counted",
        page="A plan touches only what was reviewed. Fewer rows than planned are recorded; more stop the run, and the batch that"
        " met them is rolled back.",
    ),
    Code(
        code="S308",
        title="the schema changed since the plan was made",
        page="A new column, key or trigger can make a plan delete too little or too much. Make the plan again.",
    ),
    Code(code="S309", title="the plan expired", page="A plan is good for 24 hours after the instant it was made for."),
    Code(
        code="S310",
        title="a step is above `safety.stop-above`",
        page="The step touches a larger share of its table than the policy allows without a second look. One approval more than"
        " usual, by another role, lets it pass. Steps of at most 20 rows never trip the limit.",
    ),
    Code(
        code="S311",
        title="an approval is missing",
        page="`safety.approve` names the kinds of plans that need a yes; a step above the limit needs one more. Each approval is"
        " given by a role of its own for exactly one digest.",
    ),
    Code(
        code="S312",
        title="the plan is not the one that was made",
        page="A plan file is compared byte for byte with what Kept wrote, and its steps are derived again from policy and"
        " database. Any difference refuses it.",
    ),
    Code(
        code="S313", title="the policy changed since the plan was made", page="Make the plan again under the new file."
    ),
    Code(
        code="S314",
        title="the identifiers now name other rows",
        page="The keyed digest of the people differs from the plan's: somebody was added, merged or deleted meanwhile.",
    ),
    Code(
        code="S315",
        title="the canary row is not found",
        page="«Nothing found» counts only when a row that must be there is found with the same credential. Without it nothing is"
        " planned, and nothing is called gone.",
    ),
    Code(
        code="S316",
        title="rows still match after the step",
        page="An independent re-read found rows a step should have dealt with: a trigger put them back, or they are new.",
    ),
    Code(
        code="S317",
        title="another worker has taken the run over",
        page="The attempt of this process was fenced off in the target; whatever it was writing rolled back.",
    ),
    Code(code="S318", title="the plan file cannot be read", page="There is no readable file at this path."),
    Code(code="S319", title="the plan has been carried out", page="A verified run is over for good; make a new plan."),
    Code(code="S320", title="there is no such run", page="`kept status` lists the runs of this store."),
    Code(
        code="R103",
        title="a pledge cannot be vouched for like this",
        page="Only the role that owns a pledge vouches for it, and only for a pledge: what a program can check is never vouched.",
    ),
    Code(
        code="S325",
        title="a word of the policy cannot be a value of the column",
        page="`when` compares a column with a word of the policy. The column holds numbers and the word is none, so the link would"
        " match nothing, or on some databases everything.",
    ),
    Code(
        code="S323",
        title="a table without a key",
        page="The table has no primary key and no unique constraint of NOT NULL columns. Its rows are reached only through their"
        " link or their clock, and equal rows of two people cannot be told apart.",
    ),
    Code(
        code="S324",
        title="a table nobody mapped",
        page="The table is neither in the map nor listed as holding nothing personal, so nobody knows what it holds. Promises"
        " that speak of all data are unproven until somebody decides.",
    ),
    Code(
        code="S322",
        title="the clock went back",
        page="Kept remembers the latest instant it has seen. While the clock stands earlier, destructive work is frozen.",
    ),
    Code(
        code="S321",
        title="the plan is made for an instant to come",
        page="A plan may be made for a future instant to see what will be due, but it is never carried out before it.",
    ),
)

CODES: Final = {code.code: code for code in _TABLE}
"""The pages by code."""
