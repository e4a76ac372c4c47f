"""PostgreSQL: the embedded server, pool, migrations, named queries and the ordered writer."""
