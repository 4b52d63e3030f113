"""Alembic migrations that run on SQLite and PostgreSQL."""
