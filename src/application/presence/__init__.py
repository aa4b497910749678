"""Use cases of presence."""
