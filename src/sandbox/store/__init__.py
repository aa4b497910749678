"""The sandbox's state in SQLite, so that a restart keeps accounts, devices, logs, queues and receipts."""
