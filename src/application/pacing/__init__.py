"""How sessions are paced, and who isn't written to."""
