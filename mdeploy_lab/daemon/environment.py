"""The environment that the engine starts with: an allow-list, so that no token of Jupyter or of a hub travels along."""

from __future__ import annotations

import os
from collections.abc import Mapping

_NAMES = frozenset(
    {
        "HOME", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LOGNAME", "MDEPLOY_HOME", "MDEPLOY_ENGINE", "MDEPLOY_GROUP",
        "MDEPLOY_GATEWAY_BIND", "MDEPLOY_GATEWAY_PORT", "MDEPLOY_GATEWAY_PUBLIC_URL", "MLFLOW_REGISTRY_URI",
        "MLFLOW_TRACKING_URI", "PATH", "REQUESTS_CA_BUNDLE", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ", "USER",
        "VIRTUAL_ENV", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    }
)  # fmt: skip
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy")
_INDEX = ("CURL_CA_BUNDLE", "PIP_INDEX_URL", "UV_")
_PREFIXES = ("LC_", "COVERAGE_", "AWS_", "GOOGLE_", "AZURE_", "MLFLOW_S3_", *_INDEX, *_PROXIES)


def allowed(environ: Mapping[str, str] | None = None, secrets: frozenset[str] = frozenset()) -> dict[str, str]:
    """Return the variables that the engine may have.

    ``secrets`` names more that a user asked for with ``secret_env``; artifact stores' own variables, proxies and the package
    index pass, because the engine downloads models and builds isolated environments with them.
    """
    source = os.environ if environ is None else environ
    return {k: v for k, v in source.items() if k in _NAMES or k in secrets or k.startswith(_PREFIXES)}
