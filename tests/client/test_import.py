"""``import mdeploy_lab`` is light, and its face is whole."""

from __future__ import annotations

import json
import subprocess
import sys

import mdeploy_lab as md

HEAVY = {"mlflow", "pandas", "numpy", "httpx", "pydantic", "click", "IPython", "asyncio", "sklearn", "pyarrow"}


def loaded(code: str) -> set[str]:
    program = f"{code}; import sys, json; print(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_importing_the_package_imports_nothing_heavy():
    assert loaded("import mdeploy_lab") & HEAVY == set()


def test_the_shells_help_imports_nothing_heavy():
    assert loaded("import mdeploy_lab.cli") & (HEAVY - {"click"}) == set()


def test_the_client_imports_no_model_library():
    assert loaded("import mdeploy_lab.client.sync, mdeploy_lab.client.aio") & {"mlflow", "pandas", "numpy", "fastapi"} == set()


def test_every_name_is_there_and_sorted():
    assert sorted(md.__all__) == md.__all__
    assert [name for name in md.__all__ if getattr(md, name, None) is None] == []
    assert set(md.__all__) <= set(dir(md))


def test_every_verb_has_an_asynchronous_twin():
    import inspect

    for name in ("deploy", "deployments", "get", "info"):
        assert inspect.signature(getattr(md, name)) == inspect.signature(getattr(md.aio, name))
        assert (getattr(md, name).__doc__ or "").strip()
