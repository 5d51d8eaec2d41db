"""How a vault's schema came about, step by step. Alembic runs `env`; `schema` runs Alembic."""
