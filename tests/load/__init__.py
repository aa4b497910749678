"""Many clients at once on one gateway: what it answers, how fast, with how much memory, and that all of it is true."""
