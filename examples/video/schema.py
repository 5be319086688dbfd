"""The shop's tables as a video clerk service would have them: keys of several kinds, links declared and not.

Not declared as foreign keys, as in real applications: `crm_contact.account_id` (the CRM is synchronised from
elsewhere), `api_request.key_id` and `dashboard_login.user_id` (log volume), `call.clerk_id`, `adm_*`.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    DateTime,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    make_url,
)

METADATA = MetaData()
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"} | dict.fromkeys(
    ("mysql", "mariadb", "mysql+pymysql"), "mariadb+pymysql"
)


def engine_of(url: str) -> Engine:
    """Open a database by the same URLs that a policy file may name."""
    target = make_url(url)
    target = target.set(drivername=_DRIVERS.get(target.drivername, target.drivername))
    charset = {"charset": "utf8mb4"} if target.get_backend_name() == "mariadb" else {}
    return create_engine(target, connect_args=charset, hide_parameters=True)


def _table(name: str, *parts: Column[object] | UniqueConstraint) -> Table:
    return Table(name, METADATA, *parts, mysql_charset="utf8mb4", mariadb_charset="utf8mb4")


def _id(name: str = "id") -> Column[object]:
    return Column(name, Integer, primary_key=True, autoincrement=False)


def _text(name: str, length: int = 120, *, null: bool = True, unique: bool = False) -> Column[object]:
    return Column(name, String(length), nullable=null, unique=unique)


def _body(name: str) -> Column[object]:
    return Column(name, Text, nullable=False)


def _at(name: str, *, null: bool = False) -> Column[object]:
    """A moment in UTC, indexed: retention counts read it."""
    return Column(name, DateTime, nullable=null, index=True)


def _link(name: str, to: str, *, null: bool = False, on_delete: str | None = None) -> Column[object]:
    return Column(name, Integer, ForeignKey(to, ondelete=on_delete), nullable=null, index=True)


def _loose(name: str, *, null: bool = False) -> Column[object]:
    """A reference the database does not know of."""
    return Column(name, Integer, nullable=null, index=True)


_table(
    "account",
    _id(),
    _text("company"),
    _text("organisation", 80),
    _text("vat_id", 20),
    _text("billing_address", 200),
    _text("state", 12, null=False),
    _text("source", 20),
    _at("opened_at"),
    _at("closed_at", null=True),
)
_table(
    "account_user",
    _id(),
    _link("account_id", "account.id"),
    _text("name", null=False),
    _text("email", 190, null=False, unique=True),
    _text("password_hash", null=False),
    _text("country", 2),
    Column("born", Date),
    _at("created_at"),
)
_table(
    "last_login",
    Column("user_id", ForeignKey("account_user.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _text("ip", 45),
    _text("country", 60),
    _at("at"),
)
_table(
    "dashboard_login",
    _id(),
    _loose("user_id"),
    _text("ip", 45),
    _text("country", 60),
    _text("source", 20),
    _at("at"),
)
_table(
    "api_key",
    _id(),
    _link("account_id", "account.id"),
    _text("key_hash", 64, null=False, unique=True),
    _text("origin", 12, null=False),
    _at("created_at"),
)
_table("api_request", _id(), _loose("key_id"), _text("ip", 45), _text("endpoint", 60, null=False), _at("at"))
_table(
    "invoice",
    _id(),
    _text("number", 20, null=False, unique=True),
    _link("account_id", "account.id"),
    _text("billing_name", null=False),
    _text("billing_address", 200, null=False),
    _text("tax_jurisdiction", 2, null=False),
    Column("net_cents", Integer, nullable=False),
    Column("vat_cents", Integer, nullable=False),
    _text("currency", 3, null=False),
    _at("issued_at"),
)
_table(
    "crm_contact",
    _id(),
    _loose("account_id", null=True),
    _text("name", null=False),
    Column("email", String(190), index=True),
    _text("phone", 30),
    _text("role", 60),
    _text("use_case", 200),
    _text("linkedin_url", 200),
    _text("industry", 60),
    _text("company_size", 20),
    _text("website", 120),
    _text("source", 30),
    _at("created_at"),
)
_table(
    "support_record",
    _id(),
    _link("account_id", "account.id"),
    _link("user_id", "account_user.id", null=True, on_delete="SET NULL"),
    _text("team", 10),
    _text("contact", 190, null=False),
    _text("subject", null=False),
    _body("body"),
    _at("at"),
    _at("solved_at", null=True),
)
_table(
    "web_form",
    _id(),
    _text("form", 20),
    _text("name"),
    Column("email", String(190), index=True),
    Column("phone", String(30), index=True),
    _text("company"),
    _text("role", 60),
    _text("use_case", 200),
    _at("sent_at"),
)
_table(
    "site_chat",
    _id(),
    _text("visitor_name"),
    Column("email", String(190), index=True),
    _body("transcript"),
    _at("started_at"),
)
_table(
    "site_visit",
    _id(),
    Column("cookie_id", String(32), nullable=False, index=True),
    _text("page", 80, null=False),
    _text("browser", 40),
    _at("at"),
)
_table(
    "marketing_pref",
    Column("email", String(190), primary_key=True),
    Column("newsletter", Boolean, nullable=False),
    Column("product_mail", Boolean, nullable=False),
    _at("opted_out_at", null=True),
    _at("updated_at"),
)
_table(
    "consent",
    _id(),
    Column("subject", String(190), nullable=False, index=True),
    _text("purpose", 30, null=False),
    _text("act", 10, null=False),
    _text("policy_version", 10, null=False),
    _at("at"),
)
_table(
    "product",
    _id(),
    _link("account_id", "account.id"),
    _text("title", null=False),
    _body("description"),
    Column("price_cents", Integer, nullable=False),
    _text("currency", 3, null=False),
    _at("added_at"),
)
_table(
    "call",
    _id(),
    _link("account_id", "account.id"),
    _loose("clerk_id"),
    Column("end_user_cookie", String(32), nullable=False, index=True),
    _text("language", 5, null=False),
    _text("network_stats"),
    _text("note", 400),
    _at("started"),
    Column("ended", DateTime),
)
_table(
    "call_event",
    Column("call_id", ForeignKey("call.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    _id("seq"),
    _text("action", 20, null=False),
    _loose("product_id", null=True),
    _text("source", 20),
    _at("at"),
)
_table(
    "subprocessor",
    _id(),
    _text("name", null=False),
    _text("country", 2),
    _text("function", 60),
    Column("assured", Date),
)
_table(
    "recording",
    _id(),
    _link("call_id", "call.id"),
    _text("object_key", 80, null=False, unique=True),
    _text("role", 12, null=False),
    _text("purpose", 20, null=False),
    Column("expires_at", DateTime),
    _at("created_at"),
)
_table(
    "transcript",
    _id(),
    _link("recording_id", "recording.id", on_delete="CASCADE"),
    _loose("subprocessor_id"),
    _body("text"),
    _at("created_at"),
)
_table("feature", Column("name", String(30), primary_key=True), Column("since", Date, nullable=False))
_table(
    "adm_feature",
    Column("account_id", Integer, primary_key=True, autoincrement=False),
    Column("feature", ForeignKey("feature.name"), primary_key=True),
    _loose("requested_by"),
    _at("enabled_at"),
)
_table(  # no primary key: the unique constraint identifies a row
    "adm_result",
    Column("account_id", Integer, nullable=False),
    _text("signal", 30, null=False),
    _text("output", 200, null=False),
    _at("at"),
    UniqueConstraint("account_id", "signal", "at", name="uq_adm_result"),
)
_table(
    "usage_stat",
    Column("month", Date, primary_key=True),
    Column("country", String(2), primary_key=True),
    Column("users", Integer, nullable=False),
    Column("logins", Integer, nullable=False),
)
_table("schema_version", _id("number"), Column("applied", Date, nullable=False))
