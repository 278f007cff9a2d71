"""Run by Alembic inside the transaction that :func:`controller.adapters.store.migrations.upgrade` was given."""

from alembic import context

from controller.adapters.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
