"""The stores in PostgreSQL, in plain SQL over asyncpg. Everything is in the schema ``pombo``."""
