"""From the name of a module that is missing to the name of what to install."""

from __future__ import annotations

import re
from importlib.metadata import packages_distributions
from pathlib import Path

KNOWN = {
    "Bio": "biopython",
    "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "faiss": "faiss-cpu",
    "fitz": "pymupdf",
    "git": "gitpython",
    "google.protobuf": "protobuf",
    "igraph": "python-igraph",
    "imblearn": "imbalanced-learn",
    "jwt": "pyjwt",
    "magic": "python-magic",
    "mpl_toolkits": "matplotlib",
    "psycopg2": "psycopg2-binary",
    "serial": "pyserial",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "sksurv": "scikit-survival",
    "umap": "umap-learn",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
"""Where the name to install differs from the name to import."""

_NAME = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^]]*\])?\s*([=<>!~][^;#]*)?")


def requirement_of(module: str, model_path: str) -> tuple[str, bool]:
    """Return what to install for a module, and whether that is known.

    The model's own requirements come first, with their versions; then what is known of names that differ, and what provides
    the module here; else the module's own name, which may be one of the user's own.
    """
    names = [_canonical(name) for name in _candidates(module)]
    for name, requirement in _requirements(model_path).items():
        if name in names:
            return requirement, True
    for name in (module, module.partition(".")[0]):
        if name in KNOWN:
            return KNOWN[name], True
    provided = packages_distributions().get(module.partition(".")[0], [])
    return (provided[0], True) if provided else (module.partition(".")[0], False)


def _candidates(module: str) -> list[str]:
    top = module.partition(".")[0]
    known = [KNOWN[name] for name in (module, top) if name in KNOWN]
    dashed = module.replace(".", "-")
    families = {"cv2": ["opencv-python", "opencv-contrib-python"], "psycopg2": ["psycopg2"], "faiss": ["faiss-gpu"]}
    return [*known, *families.get(top, []), dashed, top]


def _requirements(model_path: str) -> dict[str, str]:
    """Return name → requirement of the model's ``requirements.txt``; what is no plain requirement is left out."""
    found: dict[str, str] = {}
    try:
        lines = (Path(model_path) / "requirements.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return found
    for line in lines:
        match = _NAME.match(line)
        if match is not None:
            found[_canonical(match[1])] = "".join(part.strip() for part in match.groups(""))
    return found


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
