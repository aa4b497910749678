"""A WhatsApp of our own, on loopback: page, server and virtual phones, to develop and test against.

It imports nothing of the gateway. The wire protocol between its page and its server is `docs/sandbox-protocol.md`.
"""
