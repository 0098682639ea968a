"""Frozen pydantic types of the domain; no I/O."""
