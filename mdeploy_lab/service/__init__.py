"""All behaviour: use cases, reconciler, quota, parity."""
