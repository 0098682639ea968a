"""The embedded engine: replica processes forked from warm parents."""
