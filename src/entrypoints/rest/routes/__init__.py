"""The routes, by topic. Handlers translate between HTTP and use cases and do nothing else."""
