"""Backups: made while the gateway runs, and restored into an empty place."""
