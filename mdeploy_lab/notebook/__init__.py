"""Magics and display in a notebook."""
