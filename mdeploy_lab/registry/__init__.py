"""MLflow access: capture of live objects, resolution of model URIs."""
