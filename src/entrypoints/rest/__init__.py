"""REST: FastAPI routes over the use cases, problem+json for every error, server-sent events, browsable docs."""
