"""What runs replicas. Engines know neither each other nor the store."""
