"""The JSON shapes of requests, which are validated, and of answers, which are documented by them."""
