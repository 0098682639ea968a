"""Interpreter, requirements, differing packages, names: the parts that are pure or nearly so."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdeploy_lab.models.deployment import Interpreter, Model
from mdeploy_lab.registry import environment, interpreter, requirements
from mdeploy_lab.registry.lookup import parse
from mdeploy_lab.registry.model_name import LIMIT, registered_name


def test_the_interpreter_is_this_one_and_cheap() -> None:
    interpreter._interpreter.cache_clear()
    began = time.perf_counter()
    found = interpreter.this_interpreter()
    first = time.perf_counter() - began
    print(f"this_interpreter: {first * 1000:.1f} ms")
    assert found.path == sys.executable
    assert found.version == sys.version.split()[0]
    assert len(found.fingerprint) == 16
    assert found.mdeploy_version
    assert Path(found.base).resolve() == Path(sys.executable).resolve()
    assert interpreter.this_interpreter() is found


def test_the_fingerprint_follows_what_is_installed(tmp_path: Path) -> None:
    (tmp_path / "numpy-2.1.0.dist-info").mkdir()
    one = interpreter.fingerprint([str(tmp_path)])
    assert one == interpreter.fingerprint([str(tmp_path), str(tmp_path / "missing")])
    (tmp_path / "numpy").mkdir()
    assert interpreter.fingerprint([str(tmp_path)]) == one, "only distributions count"
    (tmp_path / "pandas-3.0.0.dist-info").mkdir()
    assert interpreter.fingerprint([str(tmp_path)]) != one


def test_requirements_are_pinned_to_what_runs_here() -> None:
    from importlib.metadata import version

    found = requirements.pinned(["sklearn.linear_model", "json", "__main__", "mdeploy_lab.paths", "no_such_module"])
    assert f"scikit-learn=={version('scikit-learn')}" in found
    assert f"numpy=={version('numpy')}" in found
    assert f"mlflow=={version('mlflow')}" in found
    assert len(found) == len({r.partition("==")[0] for r in found}) == 5


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python of another environment, as far as its packages can be listed."""
    site = tmp_path / "env/lib/python3.12/site-packages"
    site.mkdir(parents=True)
    for name in ("numpy-2.1.0", "scikit_learn-1.9.1", "Foo.Bar-1.0"):
        (site / f"{name}.dist-info").mkdir()
    found = tmp_path / "env/bin/python"
    found.parent.mkdir()
    found.touch()
    return found


def model(directory: Path, python: Path) -> Model:
    return Model(uri="x", source=str(directory), interpreter=Interpreter(path=str(python), version="3.12.0"))


def test_packages_that_differ_are_named(tmp_path: Path, python: Path) -> None:
    (tmp_path / "requirements.txt").write_text(
        "numpy==2.4.6\nscikit-learn==1.9.1\nfoo-bar>=1\nxgboost==3 # boosted\n--index-url x\n\nwinonly==1; sys_platform=='win32'\n"
    )
    assert environment.differences(tmp_path, str(python)) == ["numpy 2.1.0, wants ==2.4.6", "xgboost is missing, wants ==3"]
    (note,) = environment.notes(model(tmp_path, python))
    assert note.startswith("packages differ from the model's requirements: numpy 2.1.0, wants ==2.4.6; xgboost")


def test_equal_packages_and_unknown_ones_say_nothing(tmp_path: Path, python: Path) -> None:
    assert environment.notes(model(tmp_path, python)) == ()
    (tmp_path / "requirements.txt").write_text("numpy==2.1.0\n")
    assert environment.notes(model(tmp_path, python)) == ()


def test_a_python_that_is_gone_is_said(tmp_path: Path) -> None:
    (note,) = environment.notes(model(tmp_path, tmp_path / "gone/bin/python"))
    assert "is gone" in note
    assert "isolate=True" in note


def test_our_own_packages_are_found_as_installed() -> None:
    here = environment.packages(sys.executable)
    assert here["scikit-learn"]
    assert here["mlflow"]


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("churn", "churn"),
        ("iris clf", "iris clf"),
        ("Kündigung 😀", "Kündigung 😀"),
        ("a/b:c", "a-b-c"),
        ("  spaced \n out  ", "spaced out"),
        ("50% @home?", "50- -home"),
        ("it's", "it-s"),
    ],
)
def test_registered_names(name: str, registered: str) -> None:
    assert registered_name(name) == registered


def test_long_names_are_cut_and_do_not_meet() -> None:
    one, two = registered_name("x" * 10_000), registered_name("x" * 9_999)
    assert len(one) <= LIMIT
    assert one != two


@given(st.text(max_size=400))
def test_any_name_becomes_one_that_mlflow_takes_and_a_uri_can_carry(name: str) -> None:
    found = registered_name(name)
    assert 0 < len(found) <= LIMIT
    assert registered_name(name) == found
    assert parse(f"models:/{found}/3") == (found, "3", "")
    assert parse(f"models:/{found}@best") == (found, "", "best")
    assert not set(found) & set("/:'\"`")
    assert found.strip() == found
    assert found not in {".", ".."}


def test_the_engines_side_imports_neither_mlflow_nor_numpy() -> None:
    code = (
        "import sys; import mdeploy_lab.registry.registry; "
        "print([m for m in ('mlflow', 'pandas', 'numpy', 'sqlalchemy', 'cloudpickle') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout.strip() == "[]"
