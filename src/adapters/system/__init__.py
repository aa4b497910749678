"""Time and identifiers from the machine itself."""
