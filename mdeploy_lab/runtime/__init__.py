"""The model server inside every replica. Imports nothing above ``models``."""
