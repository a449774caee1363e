"""Alembic's entry: runs on the connection and in the transaction of `store.migrate`."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    version_table_schema=attributes["schema"],
    transactional_ddl=True,
)
context.run_migrations()
