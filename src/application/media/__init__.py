"""Files: taken in, kept, found, sent."""
