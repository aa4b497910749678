"""Use cases of chats, people, presence and calls."""
