"""Load the %deploy magics in every kernel of this environment; a user's own configuration is read later and stays."""  # noqa: INP001

c = get_config()  # type: ignore[name-defined]  # noqa: F821  # IPython gives it to its configuration files
c.InteractiveShellApp.extensions.append("mdeploy_lab")
