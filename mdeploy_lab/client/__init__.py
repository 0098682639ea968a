"""The client, over HTTP always."""
