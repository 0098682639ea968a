"""Say which distributions a model needs, from what this process has loaded: no subprocess, pinned to what runs here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import Distribution, PackageNotFoundError, packages_distributions

from mdeploy_lab.registry.interpreter import this_interpreter

_KNOWN = {
    "sklearn": "scikit-learn",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
}
_COMPANIONS = {
    "scikit-learn": ("numpy", "scipy"),
    "xgboost": ("numpy", "scipy"),
    "xgboost-cpu": ("numpy", "scipy"),
    "lightgbm": ("numpy", "scipy"),
}
"""Libraries whose version decides whether a pickle of the first can be loaded."""


def pinned(modules: Iterable[str], always: Iterable[str] = ("mlflow", "cloudpickle")) -> tuple[str, ...]:
    """Return ``name==version`` for each library that the modules come from, sorted; ``mlflow`` is always among them.

    Modules of the standard library, of the user's own, and of editable installs name no requirement: nothing could
    install those elsewhere.
    """
    stamp = this_interpreter().fingerprint
    names = {name.partition(".")[0] for name in modules}
    tops = sorted({*names, *always} - {"", "__main__", "builtins", "mdeploy_lab"} - set(sys.stdlib_module_names))
    found: dict[str, str] = {}
    for top in tops:
        distribution = _distribution(top, stamp)
        if distribution is None:
            continue
        name, version = distribution
        found[name.lower()] = f"{name}=={version}"
        for companion in _COMPANIONS.get(name.lower(), ()):
            also = _distribution(companion, stamp)
            if also is not None:
                found[also[0].lower()] = f"{also[0]}=={also[1]}"
    return tuple(found[k] for k in sorted(found))


@lru_cache(maxsize=1024)
def _distribution(top: str, stamp: str) -> tuple[str, str] | None:
    """Return the distribution that a top-level module comes from; ``stamp`` ends the memory when packages change."""
    name = _KNOWN.get(top, top)
    try:
        distribution = Distribution.from_name(name)
        if not _provides(distribution, top):
            raise PackageNotFoundError(name)  # noqa: TRY301  # one way on for both cases
    except PackageNotFoundError:
        candidates = _by_module(stamp).get(top, [])
        if not candidates:
            return None
        distribution = Distribution.from_name(candidates[0])
    if _editable(distribution):
        return None
    return str(distribution.metadata["Name"]), str(distribution.version)


def _provides(distribution: Distribution, top: str) -> bool:
    listed = distribution.read_text("top_level.txt")
    return listed is None or top in listed.split()


@lru_cache(maxsize=1)
def _by_module(stamp: str) -> dict[str, list[str]]:  # noqa: ARG001  # the cache's key
    return {k: list(v) for k, v in packages_distributions().items()}


def _editable(distribution: Distribution) -> bool:
    try:
        direct = json.loads(distribution.read_text("direct_url.json") or "{}")
    except ValueError:
        return False
    return bool(direct.get("dir_info", {}).get("editable"))
