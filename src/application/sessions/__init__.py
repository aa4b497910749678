"""Use cases of sessions."""
