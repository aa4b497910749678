"""Signals between processes and short-lived values in Redis or Valkey."""
