"""Deterministic simulation of the application layer: docs/simulation.md."""
