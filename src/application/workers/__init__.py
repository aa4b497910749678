"""The tasks that keep sessions running: one supervisor, one worker per session."""
