"""Object stores, with obstore: S3 and what speaks like it."""
