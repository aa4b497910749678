"""Private PostgreSQL and Valkey servers of the gateway's own, for when no server is configured."""
