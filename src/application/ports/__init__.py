"""What the use cases need of the world, one small protocol per module."""
