"""The command line.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 the gateway can't be reached, 130 interrupted.
"""
