"""The pure core: ids, addresses, content, messages, sessions, events and errors. Imports the standard library only."""
