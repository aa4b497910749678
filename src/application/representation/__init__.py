"""The public JSON shapes of domain values, as plain dictionaries.

One place gives them, for REST answers, stored events and the command line alike. Fields may be added, never
renamed: stored events are read back by the same functions.
"""
