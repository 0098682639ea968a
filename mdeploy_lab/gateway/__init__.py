"""What routes callers to replicas: authentication, traffic split, retries, metrics."""
