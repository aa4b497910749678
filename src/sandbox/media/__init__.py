"""Files that messages carry: their encryption, their place on the server, and what phones do with them."""
