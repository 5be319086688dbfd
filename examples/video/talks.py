"""What is said and shown: support, products, video calls; and people who came by without an account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import TypeAlias

from examples.video.faults import DAY, Fault, Firm, Stage
from examples.video.rows import Row, Scene, crm_contact, overdue, phone, slug
from examples.video.words import BROWSERS, LANGUAGES, PAGES, Language

CARDS = ("4242 4242 4242 4242", "5555 5555 5555 4444", "4000 0566 5566 5556")
"""Test numbers of the card brands: they pass the checksum and belong to nobody."""
TRACKING = "4242 4242 4242 4241"
"""A near miss: as long as a card number, but it fails the checksum."""
FORMS = ("website", "demo", "white-paper", "newsletter", "event", "website-chat")
Staff: TypeAlias = tuple[tuple[int, str, str], ...]
"""Key, address and name of the people of an account."""
_LETTERS = "abcdefghijkmnopqrstuvwxyz"


def support(scene: Scene, firm: Firm, staff: Staff) -> Iterator[Row]:
    """Messages to sales and support, with what people should not have written into them."""
    for _ in range(1 + scene.some(1.6)):
        overdue(scene, firm, Stage.GONE, Fault.SUPPORT_OVERDUE, "support_record")
        yield _record(scene, firm, staff, scene.one(("support", "support", "sales")))
    if Fault.SUPPORT_UNSOURCED in firm.faults:
        scene.plant(Fault.SUPPORT_UNSOURCED, "support_record")
        yield _record(scene, firm, staff, None)
    if Fault.CARD_IN_SUPPORT in firm.faults:
        scene.plant(Fault.CARD_IN_SUPPORT, "support_record")
        yield _record(scene, firm, staff, "support", f" Bitte buchen Sie von {scene.one(CARDS)} ab.")
        yield _record(scene, firm, staff, "support", f" Sendungsnummer {TRACKING}.")
    if Fault.KEY_IN_SUPPORT in firm.faults:
        scene.plant(Fault.KEY_IN_SUPPORT, "support_record")
        yield _record(scene, firm, staff, "support", f" api_key={secret(scene.rng)}")


def secret(rng: Random) -> str:
    """A key in the common shape of live keys; put together here, so that no scanner takes this file for a leak."""
    return "_".join(("sk", "live", "".join(rng.choices(_LETTERS + _LETTERS.upper() + "23456789", k=32))))


def _record(scene: Scene, firm: Firm, staff: Staff, team: str | None, more: str = "") -> Row:
    user, contact, name = staff[int(scene.rng.random() * len(staff))] if staff else (None, f"info@{firm.domain}", "")
    subject, body = firm.language.mails[int(scene.rng.random() * len(firm.language.mails))]
    closing = scene.one(firm.language.closings).format(n=name.partition(" ")[0] or firm.company, c=firm.company)
    at = scene.moment(firm.opened, firm.closed or scene.now)
    return (
        "support_record",
        {
            "id": scene.next("support_record"),
            "account_id": firm.id,
            "user_id": user,
            "team": team,
            "contact": contact,
            "subject": subject,
            "body": f"{_filled(scene, firm, body)}{more} {closing}",
            "at": at,
            "solved_at": at + 2 * DAY if at + 2 * DAY < scene.now else None,
        },
    )


def _filled(scene: Scene, firm: Firm, text: str) -> str:
    language = firm.language
    return text.format(n=scene.one(language.first), c=firm.company, p=scene.one(language.products))


def shop(scene: Scene, firm: Firm, staff: Staff) -> Iterator[Row]:
    """Products, calls and what is decided from them, of accounts that are still alive."""
    first = None
    for _ in range(2 + scene.some(2)):
        number = scene.next("product")
        first = first or number
        yield _product(scene, firm, number)
    if Fault.KEY_IN_PRODUCT in firm.faults:
        scene.plant(Fault.KEY_IN_PRODUCT, "product")
        _, row = _product(scene, firm, scene.next("product"))
        yield "product", {**row, "description": f"{row['description']} X-Api-Key: {secret(scene.rng)}"}
    yield from _calls(scene, firm, staff, first)
    yield from _decisions(scene, firm, staff)


def _product(scene: Scene, firm: Firm, number: int) -> Row:
    name, quality = scene.one(firm.language.products), scene.one(firm.language.qualities)
    row = {"id": number, "account_id": firm.id, "title": name, "description": f"{name}, {quality}."}
    return "product", {**row, "price_cents": 990 * (1 + scene.some(60)), "currency": "EUR", "added_at": firm.opened}


def _calls(scene: Scene, firm: Firm, staff: Staff, product: int | None) -> Iterator[Row]:
    notes: list[str | None] = [
        _filled(scene, firm, scene.one(firm.language.notes)) if scene.rng.random() < 0.4 else None
        for _ in range(scene.some(3))
    ]
    for note in (*notes, *_reachable(scene, firm)):
        yield from _call(scene, firm, staff, note=note, product=product)


def _reachable(scene: Scene, firm: Firm) -> Iterator[str]:
    """A shopper's address or number in the note of a call, where the policy says there is none."""
    if Fault.GUEST_MAIL in firm.faults:
        scene.plant(Fault.GUEST_MAIL, "call")
        name = f"{scene.one(firm.language.first)}.{scene.one(firm.language.last)}"
        yield f"Rückruf erbeten: {slug(name)}@gast.example"
    if Fault.GUEST_PHONE in firm.faults:
        scene.plant(Fault.GUEST_PHONE, "call")
        yield f"Rückruf erbeten: {phone(scene, LANGUAGES[0])}"


def _call(scene: Scene, firm: Firm, staff: Staff, *, note: str | None, product: int | None) -> Iterator[Row]:
    at = scene.moment(max(firm.opened, scene.now - 400 * DAY), firm.closed or scene.now)
    number = scene.next("call")
    yield (
        "call",
        {
            "id": number,
            "account_id": firm.id,
            "clerk_id": staff[int(scene.rng.random() * len(staff))][0] if staff else None,
            "end_user_cookie": cookie(scene),
            "language": firm.language.code,
            "network_stats": f"rtt={20 + scene.some(40)};loss=0.{scene.some(4)};fps={20 + scene.some(5)}",
            "note": note,
            "started": at,
            "ended": at + timedelta(seconds=60 + scene.some(600)),
        },
    )
    for seq in range(1, 2 + scene.some(1.5)):
        event = {"call_id": number, "seq": seq, "action": scene.one(("shown", "zoomed", "in-basket"))}
        yield "call_event", {**event, "product_id": product, "source": "product-use", "at": at}
    if scene.rng.random() < 0.35:
        yield from _recording(scene, firm, number, at)


def _recording(scene: Scene, firm: Firm, call: int, at: datetime) -> Iterator[Row]:
    number = scene.next("recording")
    key = f"{at:%Y/%m}/{scene.rng.getrandbits(64):016x}.webm"
    row = {"id": number, "call_id": call, "object_key": key, "role": "controller", "purpose": "improve-service"}
    yield "recording", {**row, "expires_at": None, "created_at": at}
    if scene.rng.random() < 0.4:
        text = _filled(scene, firm, scene.one(firm.language.talks))
        row = {"id": scene.next("transcript"), "recording_id": number, "subprocessor_id": 1, "text": text}
        yield "transcript", {**row, "created_at": at}


def _decisions(scene: Scene, firm: Firm, staff: Staff) -> Iterator[Row]:
    if staff and scene.rng.random() < 0.08:
        at = scene.moment(firm.opened, firm.closed or scene.now)
        row = {"account_id": firm.id, "feature": "staffing-hints", "requested_by": staff[0][0]}
        yield "adm_feature", {**row, "enabled_at": at}
        for signal in ("calls-per-hour", "waiting-time"):
            yield (
                "adm_result",
                {"account_id": firm.id, "signal": signal, "output": "one more clerk on Saturdays", "at": at},
            )


def cookie(scene: Scene) -> str:
    """A cookie's number, in letters so that nobody takes it for a telephone number."""
    return "kc" + "".join(scene.rng.choices(_LETTERS, k=20))


def strangers(scene: Scene, people: int) -> Iterator[Row]:
    """Form senders, chat guests, page visitors and prospects of the CRM."""
    since = scene.now - 3640 * DAY
    for number in range(people):
        language, at = LANGUAGES[int(scene.rng.random() * 3)], scene.moment(since, scene.now)
        visit = {"id": scene.next("site_visit"), "cookie_id": cookie(scene), "page": scene.one(PAGES)}
        yield "site_visit", {**visit, "browser": scene.one(BROWSERS), "at": at}
        if number % 2:
            yield lead(scene, language, scene.one(FORMS), at)
        if number % 8 == 0:
            yield _chat(scene, language, at)
        if number % 10 == 0:
            yield crm_contact(scene, language, None, f"interessent{number}.example", at)


def lead(scene: Scene, language: Language, form: str | None, at: datetime) -> Row:
    """One web form: what is needed for the wish, and what was given freely."""
    name = f"{scene.one(language.first)} {scene.one(language.last)}"
    number = scene.next("web_form")
    free = scene.rng.random() < 0.5
    return (
        "web_form",
        {
            "id": number,
            "form": form,
            "name": name,
            "email": f"{slug(name.replace(' ', '.'))}{number}@briefkasten.example",
            "phone": phone(scene, language) if form == "demo" else None,
            "company": f"{scene.one(language.firm)} {scene.one(language.form)}" if free else None,
            "role": scene.one(language.roles) if free else None,
            "use_case": scene.one(language.wants) if free else None,
            "sent_at": at,
        },
    )


def unsourced_leads(scene: Scene, firm: Firm) -> Iterator[Row]:
    """Leads nobody knows the origin of."""
    if Fault.LEAD_UNSOURCED in firm.faults:
        scene.plant(Fault.LEAD_UNSOURCED, "web_form")
        yield lead(scene, firm.language, None, scene.moment(firm.opened, scene.now))


def _chat(scene: Scene, language: Language, at: datetime) -> Row:
    known = scene.rng.random() < 0.3
    name = f"{scene.one(language.first)} {scene.one(language.last)}" if known else None
    email = f"{slug(name.replace(' ', '.'))}@briefkasten.example" if name else None
    row = {"id": scene.next("site_chat"), "visitor_name": name, "email": email}
    return "site_chat", {**row, "transcript": scene.one(language.chats), "started_at": at}
