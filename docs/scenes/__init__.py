"""What the pictures of the documentation show: the deployments, and every screen of the interface."""
