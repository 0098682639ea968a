"""The engine process of a home: composition root, lock, supervisor."""
