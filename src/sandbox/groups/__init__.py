"""Groups: who is in them, what they may, and how all members learn of each change."""
