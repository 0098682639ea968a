"""The cell that mends a failure: what it says for each cause, and that every line of it is Python or a magic."""

from __future__ import annotations

import pytest

from mdeploy_lab.models.deployment import Failure
from mdeploy_lab.notebook.parsing import parse
from mdeploy_lab.service.fixes import cell
from tests.service.build import NOW, spec


def failure(reason: str, **details: str) -> Failure:
    return Failure(reason=reason, message="m", details=details, at=NOW)


def named(name: str, version: str = "3"):
    """Return a spec whose model is registered under a name."""
    made = spec()
    model = made.template.model.model_copy(update={"name": name, "version": version})
    return made.model_copy(update={"template": made.template.model_copy(update={"model": model})})


def test_a_library_is_installed_and_the_deployment_started():
    text = cell(failure("missing_library", module="sklearn", requirement="scikit-learn==1.5", known="yes"), "churn", spec())
    assert text == "%pip install scikit-learn==1.5\n%deploy start churn"
    text = cell(
        failure("missing_library", module="a", requirement="a>=1,<2", known="yes", python="/env/bin/python"), "churn", spec()
    )
    assert "/env/bin/python -m pip" in text
    assert "%pip install 'a>=1,<2'" in text


def test_a_module_that_is_no_requirement_travels_with_the_model():
    text = cell(failure("missing_library", module="own", requirement="own", known="no"), "churn", spec())
    assert 'code_paths=["own.py"]' in text


def test_a_secret_is_asked_for_and_the_others_are_kept():
    made = spec()
    template = made.template.model_copy(update={"secret_env": {"KEY": "env:MY_KEY", "OTHER": "file:/keys/other"}})
    text = cell(failure("secret_missing", variable="KEY"), "churn", made.model_copy(update={"template": template}))
    assert "getpass" in text
    assert text.endswith("%deploy update churn --secret-env KEY=file:{secret} --secret-env OTHER=file:/keys/other")
    text = cell(failure("secret_missing", variable="KEY", file="~/key"), "churn", made)
    assert 'pathlib.Path("~/key")' in text
    assert text.endswith("%deploy start churn")


def test_versions_are_listed_by_name_as_it_is():
    assert cell(failure("model_not_found"), "churn", named("iris clf")).startswith("%deploy versions 'iris clf'\n")
    assert cell(failure("model_not_found"), "churn", spec()).startswith("%deploy ")


def test_the_parity_check_is_left_out_only_as_the_second_choice():
    lines = cell(failure("parity"), "churn", spec()).splitlines()
    assert any("evidence" in line for line in lines)
    assert all(line.startswith("#") for line in lines if "--no-parity" in line)


def test_what_nothing_is_known_of_has_no_fix():
    for made in (failure("load_failed"), failure("crash"), failure("out_of_memory"), failure("quota")):
        assert cell(made, "churn", spec()) == ""


CAUSES = [
    failure("missing_library", module="sklearn", requirement="scikit-learn", known="yes"),
    failure("missing_library", module="own", requirement="own", known="no"),
    failure("import_failed"),
    failure("secret_missing", variable="KEY"),
    failure("start_timeout"),
    failure("out_of_memory", instance_type="medium"),
    failure("parity"),
    failure("environment"),
    failure("environment", cause="uv"),
    failure("environment", cause="mdeploy", python="/env/bin/python"),
    failure("model_not_found"),
    failure("download_failed"),
    failure("crash", native="yes"),
]


@pytest.mark.parametrize("cause", CAUSES, ids=[f"{c.reason} {' '.join(c.details)}".strip() for c in CAUSES])
def test_every_line_can_be_run(cause):
    text = cell(cause, "churn", named("iris"))
    assert text
    python = []
    for line in text.splitlines():
        if line.startswith("%deploy "):
            assert parse(line.removeprefix("%deploy ")) is not None
        elif not line.startswith(("%", "!")):
            python.append(line)
    compile("\n".join(python), "cell", "exec")
