"""``mdeploy serve``: try a serving script in the foreground, run as a replica would run it, loaded again at every save."""
