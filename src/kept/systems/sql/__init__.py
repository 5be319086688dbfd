"""PostgreSQL, MariaDB and SQLite through SQLAlchemy Core."""
