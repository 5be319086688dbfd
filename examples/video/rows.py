"""The rows of one account and of everybody who came by without one, table by table, in plausible words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from random import Random
from typing import TypeAlias

from examples.video.faults import BREAKS, DAY, Fault, Firm, Stage
from examples.video.words import ENDPOINTS, INDUSTRIES, SIZES, Language

Row: TypeAlias = tuple[str, dict[str, object]]

_ASCII = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "ë": "e", "\u0307": None, "'": None}
)


@dataclass(kw_only=True)
class Scene:
    """What the generator carries along: chance, the present, running numbers, and the faults counted so far."""

    rng: Random
    now: datetime
    numbers: dict[str, Iterator[int]] = field(default_factory=dict)
    planted: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(promise, table) → rows."""

    def next(self, table: str) -> int:
        """The next key of a table."""
        return next(self.numbers.setdefault(table, count(1)))

    def plant(self, fault: Fault, table: str) -> None:
        """Count one row that breaks the fault's promises."""
        self.planted.update((promise, table) for promise in BREAKS[fault])

    def moment(self, start: datetime, end: datetime) -> datetime:
        """Some second between two moments."""
        return start + timedelta(seconds=int(self.rng.random() * max(1.0, (end - start).total_seconds())))

    def one(self, stock: Sequence[str]) -> str:
        """Any of them."""
        return stock[int(self.rng.random() * len(stock))]

    def some(self, average: float) -> int:
        """A small number whose mean is `average`."""
        return int(self.rng.random() * (2 * average + 1))


def slug(text: str) -> str:
    """A name as it stands in an address."""
    return text.lower().translate(_ASCII).replace(" ", "-")


def address(scene: Scene, language: Language, town: str) -> str:
    """Street, number and town."""
    return f"{scene.one(language.streets)} {1 + scene.some(40)}, {town}"


def account(scene: Scene, firm: Firm) -> Iterator[Row]:
    """The account itself; long closed ones are an empty shell, unless they were forgotten."""
    kept = firm.keeps(Stage.LEAVING, Fault.ACCOUNT_OVERDUE)
    overdue(scene, firm, Stage.LEAVING, Fault.ACCOUNT_OVERDUE, "account", kept=kept)
    digits = f"{scene.rng.randrange(10**6):09d}"
    yield (
        "account",
        {
            "id": firm.id,
            "company": firm.company if kept else None,
            "organisation": firm.company.split(" ")[1] if kept else None,
            "vat_id": f"{firm.country}{digits}" if kept else None,
            "billing_address": firm.address if kept else None,
            "state": "closed" if firm.closed else "open",
            "source": "sign-up",
            "opened_at": firm.opened,
            "closed_at": firm.closed,
        },
    )


def users(scene: Scene, firm: Firm, size: int) -> Iterator[Row]:
    """The people of an account, and what they left in logs, preferences and consents."""
    seen: set[str] = set()
    for place in range(size):
        name = _person(scene, firm, place)
        email = f"{slug(name.replace(' ', '.'))}@{firm.domain}"
        if email in seen:
            email = f"{slug(name.replace(' ', '.'))}{place}@{firm.domain}"
        seen.add(email)
        overdue(scene, firm, Stage.LEAVING, Fault.ACCOUNT_OVERDUE, "account_user")
        yield from _user(scene, firm, name, email, first=place == 0)


def _user(scene: Scene, firm: Firm, name: str, email: str, *, first: bool) -> Iterator[Row]:
    number = scene.next("account_user")
    created = firm.opened if first else scene.moment(firm.opened, firm.closed or scene.now)
    country, born = _origin(scene, firm, first=first)
    yield (
        "account_user",
        {
            "id": number,
            "account_id": firm.id,
            "name": name,
            "email": email,
            "password_hash": f"scrypt$15$8$1${scene.rng.getrandbits(256):064x}",
            "country": country,
            "born": born,
            "created_at": created,
        },
    )
    yield from _logins(scene, firm, number, created)
    yield from _wishes(scene, firm, email, created)


def _person(scene: Scene, firm: Firm, place: int) -> str:
    if firm.id == 1 and place == 0:
        return "Anke Möller"
    return f"{scene.one(firm.language.first)} {scene.one(firm.language.last)}"


def _origin(scene: Scene, firm: Firm, *, first: bool) -> tuple[str, date]:
    """Residence and birth date; minors only where they are planted."""
    today = scene.now.date()
    if first and Fault.MINOR_US in firm.faults:
        scene.plant(Fault.MINOR_US, "account_user")
        return "US", _years_before(today, 11)
    if first and Fault.MINOR_EEA in firm.faults:
        scene.plant(Fault.MINOR_EEA, "account_user")
        return scene.one(("DE", "NO")), _years_before(today, 14)
    if first and Fault.OLD_ENOUGH in firm.faults:
        return ("US", _years_before(today, 14)) if firm.id % 2 else ("DE", today.replace(year=today.year - 16))
    return firm.country, firm.opened.date() - timedelta(days=6600 + int(scene.rng.random() * 17000))


def _years_before(today: date, years: int) -> date:
    return today.replace(year=today.year - years, day=1)


def _logins(scene: Scene, firm: Firm, user: int, created: datetime) -> Iterator[Row]:
    last = created
    end = firm.closed or scene.now
    for _ in range(scene.some(4)):
        at = scene.moment(created, end)
        last = max(last, at)
        overdue(scene, firm, Stage.LEAVING, Fault.ACCOUNT_OVERDUE, "dashboard_login")
        yield _dashboard(scene, user, firm.country, at)
    if Fault.CITY_IN_LOG in firm.faults:
        scene.plant(Fault.CITY_IN_LOG, "dashboard_login")
        yield _dashboard(scene, user, firm.address.rsplit(", ", 1)[1], scene.moment(created, end))
    overdue(scene, firm, Stage.LEAVING, Fault.ACCOUNT_OVERDUE, "last_login")
    yield "last_login", {"user_id": user, "ip": _ip(scene), "country": firm.country, "at": last}


def _dashboard(scene: Scene, user: int, country: str, at: datetime) -> Row:
    source = scene.one(("login", "dashboard", "dashboard"))
    row = {"id": scene.next("dashboard_login"), "user_id": user, "ip": _ip(scene), "country": country}
    return "dashboard_login", {**row, "source": source, "at": at}


def _ip(scene: Scene) -> str:
    """An address from the ranges reserved for documentation."""
    last = int(scene.rng.random() * 65536)
    net = scene.one(("192.0.2.", "198.51.100.", "203.0.113.", ""))
    return f"{net}{last % 254 + 1}" if net else f"2001:db8::{last:x}"


def _wishes(scene: Scene, firm: Firm, email: str, created: datetime) -> Iterator[Row]:
    if scene.rng.random() < 0.6:
        wants, out = scene.rng.random() < 0.5, scene.rng.random() < 0.1
        at = scene.moment(created, firm.closed or scene.now)
        row = {"email": email, "newsletter": wants, "product_mail": not out, "opted_out_at": at if out else None}
        yield "marketing_pref", {**row, "updated_at": at}
        if wants:
            act = {"id": scene.next("consent"), "subject": email, "purpose": "newsletter", "act": "given"}
            yield "consent", {**act, "policy_version": "2020-05-01", "at": at}


def keys(scene: Scene, firm: Firm) -> Iterator[Row]:
    """API keys of an account, as hashes, and the requests made with them."""
    for _ in range(1 + scene.some(0.3)):
        number = scene.next("api_key")
        overdue(scene, firm, Stage.LEAVING, Fault.ACCOUNT_OVERDUE, "api_key")
        row = {"id": number, "account_id": firm.id, "key_hash": f"{scene.rng.getrandbits(256):064x}"}
        yield "api_key", {**row, "origin": scene.one(("generated",) * 4 + ("brought",)), "created_at": firm.opened}
        for _ in range(scene.some(6)):
            overdue(scene, firm, Stage.LEAVING, Fault.ACCOUNT_OVERDUE, "api_request")
            at = scene.moment(firm.opened, firm.closed or scene.now)
            request = {"id": scene.next("api_request"), "key_id": number, "ip": _ip(scene)}
            yield "api_request", {**request, "endpoint": scene.one(ENDPOINTS), "at": at}


def invoices(scene: Scene, firm: Firm) -> Iterator[Row]:
    """One a year. They stay when the account goes: bookkeeping law binds the company."""
    at = firm.opened + 20 * DAY
    while at < (firm.closed or scene.now):
        number = scene.next("invoice")
        net = 1900 * (1 + scene.some(20))
        yield (
            "invoice",
            {
                "id": number,
                "number": f"{at.year}-{number:06d}",
                "account_id": firm.id,
                "billing_name": firm.company,
                "billing_address": firm.address,
                "tax_jurisdiction": firm.country,
                "net_cents": net,
                "vat_cents": net // 4,
                "currency": {"NO": "NOK", "GB": "GBP", "US": "USD", "CH": "CHF"}.get(firm.country, "EUR"),
                "issued_at": at,
            },
        )
        at += 365 * DAY


def crm(scene: Scene, firm: Firm) -> Iterator[Row]:
    """What sales knows about the people of a customer."""
    for _ in range(1 + scene.some(0.6)):
        overdue(scene, firm, Stage.OLD, Fault.CRM_OVERDUE, "crm_contact")
        yield crm_contact(
            scene, firm.language, firm.id, firm.domain, scene.moment(firm.opened, firm.closed or scene.now)
        )
    if Fault.CRM_UNSOURCED in firm.faults:
        scene.plant(Fault.CRM_UNSOURCED, "crm_contact")
        _, row = crm_contact(scene, firm.language, firm.id, firm.domain, scene.moment(firm.opened, scene.now))
        yield "crm_contact", {**row, "source": None, "linkedin_url": None}


def crm_contact(scene: Scene, language: Language, account_id: int | None, domain: str, at: datetime) -> Row:
    """One contact; only a public profile leaves a link."""
    anke = account_id == 1 and "crm_contact" not in scene.numbers
    name = "Anke Möller" if anke else f"{scene.one(language.first)} {scene.one(language.last)}"
    source = scene.one(("sales", "sales", "support", "public", "public-profile", "company-data-vendor"))
    profile = f"https://profiles.example/in/{slug(name)}" if source == "public-profile" else None
    return (
        "crm_contact",
        {
            "id": scene.next("crm_contact"),
            "account_id": account_id,
            "name": name,
            "email": f"{slug(name.replace(' ', '.'))}@{domain}",
            "phone": phone(scene, language) if scene.rng.random() < 0.5 else None,
            "role": scene.one(language.roles),
            "use_case": scene.one(language.wants) if scene.rng.random() < 0.6 else None,
            "linkedin_url": profile,
            "industry": scene.one(INDUSTRIES),
            "company_size": scene.one(SIZES),
            "website": f"https://www.{domain}/",
            "source": source,
            "created_at": at,
        },
    )


def phone(scene: Scene, language: Language) -> str:
    """A number that reaches nobody."""
    return language.phone.format(f"{int(scene.rng.random() * 1000):03d}")


def overdue(scene: Scene, firm: Firm, last: Stage, fault: Fault, table: str, *, kept: bool = True) -> None:
    """Count a row that is still there although the account was closed too long ago."""
    if kept and firm.forgot(last):
        scene.plant(fault, table)
