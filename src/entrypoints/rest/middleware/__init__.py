"""Pure ASGI middlewares: what every request passes through, from the outside in."""
