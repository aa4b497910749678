"""What operators see: measurements, and how the gateway and its sessions are."""
