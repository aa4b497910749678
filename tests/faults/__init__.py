"""Faults between programs and the servers that they use."""
