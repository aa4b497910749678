"""The same request, done once."""
