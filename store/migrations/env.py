"""What Alembic runs: migrations on the connection that ``store.migrations`` hands over."""

from __future__ import annotations

from alembic import context

from store.models import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can alter hardly anything: Alembic makes the table anew
    transactional_ddl=True,
    compare_type=True,
    compare_server_default=True,
    render_item=context.config.attributes.get("render_item"),
)
with context.begin_transaction():
    context.run_migrations()
