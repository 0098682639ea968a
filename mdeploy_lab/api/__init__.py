"""One ASGI application over the service."""
