"""The client: every verb of mdeploy over HTTP, written once as async, with a synchronous face."""
