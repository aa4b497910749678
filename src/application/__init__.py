"""Use cases and the ports they stand on. Knows the domain and nothing of transports, databases or browsers."""
