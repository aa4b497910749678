"""The product as it runs, several sessions in traffic, and everything around it failing; see docs/chaos.md."""
