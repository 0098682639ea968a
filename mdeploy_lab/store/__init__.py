"""Where deployments are kept."""
