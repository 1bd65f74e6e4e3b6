"""How Alembic runs the steps: over the connection that it is handed, in the transaction that is open there."""

from alembic import context

from rerank_core.storage.schema import metadata

if hasattr(context, "config"):  # as it has where Alembic runs this file, and not where somebody imports it
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
