"""The ports' implementations, one package per technology. They don't know each other."""
