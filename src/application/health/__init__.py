"""Whether the gateway can do its work."""
