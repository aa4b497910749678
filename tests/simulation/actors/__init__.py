"""Everybody who takes part in a run."""
