"""What the engine is told about a model: from a directory without mlflow, from a registry through the worker."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from mdeploy_lab.errors import InvalidInput, MDeployError, ModelNotFound, RegistryUnavailable
from mdeploy_lab.models.deployment import Interpreter
from mdeploy_lab.models.requests import ModelSource
from mdeploy_lab.paths import Home
from mdeploy_lab.registry import registry as registry_module
from mdeploy_lab.registry.registry import Registry

from .conftest import notebook_in

pytestmark = [pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module")]

CELL = """
import mlflow
from sklearn.dummy import DummyClassifier
clf = DummyClassifier().fit([[0], [1]], [0, 0])
for name in ("churn", "iris clf", "churn"):
    cap(clf, name, input_example=[[0], [1]], method="predict" if len(told) < 2 else "predict_proba")
uri = told[0]["tracking_uri"]
client = mlflow.MlflowClient(uri, uri)
client.set_registered_model_alias("churn", "champion", "1")
import warnings; warnings.simplefilter("ignore")
mlflow.set_tracking_uri(uri)
mlflow.set_experiment("runs")
with mlflow.start_run() as run:
    mlflow.log_metric("auc", 0.5)
    mlflow.log_param("depth", 3)
    info = mlflow.sklearn.log_model(clf, name="logged", pip_requirements=["mlflow"], serialization_format="cloudpickle")
mlflow.register_model(f"models:/{info.model_id}", "of a run")
told.append({"run": run.info.run_id, "model_id": info.model_id})
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[dict]]:
    root = tmp_path_factory.mktemp("resolve")
    home = Home(root / "home", root / "run").create()
    return home, notebook_in(home, [CELL], cwd=root)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def registry(made) -> AsyncIterator[Registry]:
    found = Registry(made[0])
    yield found
    await found.close()


def source(uri: str, **more: str) -> ModelSource:
    return ModelSource(uri=uri, **more)


async def test_a_version_is_resolved_through_the_worker(registry: Registry, made) -> None:
    home, told = made
    model = await registry.resolve(source("models:/churn/1"))
    assert model.uri == "models:/churn/1"
    assert model.source.removeprefix("file://") == told[0]["source"]
    assert (model.name, model.version) == ("churn", "1")
    assert model.flavors == ("python_function", "sklearn")
    assert model.interpreter == Interpreter(**told[0]["interpreter"])
    assert model.tracking_uri == f"sqlite:///{home.registry}/mlflow.db"
    assert len(model.digest) == 64


async def test_what_the_kernel_knows_needs_no_registry_and_gives_the_same_model(registry: Registry, made) -> None:
    _, told = made
    slow = await registry.resolve(source("models:/churn/1"))
    alone = Registry(made[0], python="/nonexistent/python")
    quick = await alone.resolve(source("models:/churn/1", source=told[0]["source"]))
    assert quick.model_copy(update={"source": slow.source}) == slow
    assert await alone.fetch(quick) == Path(told[0]["source"])
    await alone.close()


async def test_an_alias_is_resolved_to_its_version(registry: Registry) -> None:
    model = await registry.resolve(source("models:/churn@champion"))
    assert (model.uri, model.requested) == ("models:/churn/1", "models:/churn@champion")
    assert (await registry.resolve(source("models:/churn/latest"))).uri == "models:/churn/2"


@pytest.mark.parametrize("uri", ["models:/iris clf/1", "models:/iris%20clf/1"])
async def test_names_with_spaces(registry: Registry, uri: str) -> None:
    assert (await registry.resolve(source(uri))).uri == "models:/iris clf/1"


async def test_models_of_runs_and_by_their_own_id(registry: Registry, made) -> None:
    run, model_id = made[1][3]["run"], made[1][3]["model_id"]
    of_run = await registry.resolve(source(f"runs:/{run}/logged"))
    assert (of_run.run_id, of_run.model_id) == (run, model_id)
    assert of_run.interpreter is None
    by_id = await registry.resolve(source(f"models:/{model_id}"))
    registered = await registry.resolve(source("models:/of a run/1"))
    assert by_id.source == of_run.source == registered.source
    assert by_id.digest == of_run.digest == registered.digest


@pytest.mark.parametrize("form", ["{}", "file://{}"])
async def test_directories_need_no_registry(made, form: str) -> None:
    directory = made[1][0]["source"]
    alone = Registry(made[0], python="/nonexistent/python")
    model = await alone.resolve(source(form.format(directory)))
    assert model.source == directory
    assert model.interpreter is not None
    await alone.close()


@pytest.mark.parametrize(
    ("uri", "message", "hint"),
    [
        ("models:/churm/1", "there is no registered model churm", "did you mean churn?"),
        ("models:/zzz@x", "there is no registered model zzz", "the registry has churn"),
        ("models:/churn/9", "models:/churn/9 does not exist", "models:/churn/2, models:/churn/1"),
        ("models:/churn@champ", "models:/churn@champ does not exist", "models:/churn@champion"),
        ("models:/churn", "models:/churn does not exist", "models:/churn@champion"),
        ("models:/churn/Production", "names neither a version nor an alias", "models:/churn/1"),
        ("models:/", "there is no registered model", "the registry has"),
        ("models:/m-00000000000000000000000000000000", "there is no logged model", "models:/name/version"),
        ("runs:/0123/logged", "there is no run 0123", "run's id"),
        ("/nonexistent/model", "/nonexistent/model does not exist", "MLmodel"),
    ],
)
async def test_what_is_not_there_has_near_names_as_its_hint(registry: Registry, uri: str, message: str, hint: str) -> None:
    with pytest.raises(ModelNotFound) as caught:
        await registry.resolve(source(uri))
    assert message in caught.value.message
    assert hint in caught.value.hint


async def test_a_run_names_the_models_that_it_has(registry: Registry, made) -> None:
    run = made[1][3]["run"]
    with pytest.raises(ModelNotFound, match="has no model at wrong") as caught:
        await registry.resolve(source(f"runs:/{run}/wrong"))
    assert f"runs:/{run}/logged" in caught.value.hint


async def test_a_directory_one_level_too_high_is_helped(registry: Registry, made) -> None:
    directory = Path(made[1][0]["source"])
    with pytest.raises(ModelNotFound, match="holds no model") as caught:
        await registry.resolve(source(str(directory.parent)))
    assert str(directory) in caught.value.hint


@pytest.mark.parametrize("uri", ["rel/path", "churn", "./model"])
async def test_a_relative_path_means_nothing_to_the_engine(registry: Registry, uri: str) -> None:
    with pytest.raises(InvalidInput, match="is relative"):
        await registry.resolve(source(uri))


async def test_damaged_models_are_told(registry: Registry, made, tmp_path: Path) -> None:
    broken = tmp_path / "model"
    shutil.copytree(made[1][0]["source"], broken)
    (broken / "MLmodel").write_text("flavors: {")
    with pytest.raises(ModelNotFound, match="not valid YAML"):
        await registry.resolve(source(str(broken)))
    (broken / "MLmodel").write_text("[]")
    with pytest.raises(ModelNotFound, match="names no flavor"):
        await registry.resolve(source(str(broken)))


async def test_the_digest_follows_the_contents(registry: Registry, made, tmp_path: Path) -> None:
    first = await registry.resolve(source(made[1][0]["source"]))
    copy = tmp_path / "copy"
    shutil.copytree(made[1][0]["source"], copy)
    assert (await registry.resolve(source(str(copy)))).digest == first.digest
    (copy / "model.pkl").write_bytes(b"other")
    assert (await registry.resolve(source(str(copy)))).digest != first.digest


async def test_the_interpreter_asked_for_wins(registry: Registry, made) -> None:
    wanted = Interpreter(path="/usr/bin/python3", version="3.11.0")
    model = await registry.resolve(ModelSource(uri=made[1][0]["source"], interpreter=wanted))
    assert model.interpreter == wanted


async def test_models_and_versions_are_listed(registry: Registry, made) -> None:
    models = {m.name: m for m in await registry.models()}
    assert set(models) == {"churn", "iris clf", "of a run"}
    assert models["churn"].aliases == {"champion": "1"}
    assert models["churn"].latest_version == "2"
    newest, oldest = await registry.versions("churn")
    assert (newest.version, oldest.version, oldest.aliases) == ("2", "1", ("champion",))
    assert oldest.tags["mdeploy.digest"] == made[1][0]["digest"]
    (of_run,) = await registry.versions("of a run")
    assert of_run.metrics == {"auc": 0.5}
    assert of_run.params == {"depth": "3"}
    assert of_run.run_id == made[1][3]["run"]
    with pytest.raises(ModelNotFound, match="there is no registered model nope"):
        await registry.versions("nope")


async def test_a_worker_that_died_is_replaced(registry: Registry) -> None:
    await registry.models()
    worker = registry._worker
    dead = worker.pid
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    assert await registry.models()
    assert worker.pid not in (dead, None)


async def test_a_worker_that_cannot_start_is_told(made) -> None:
    alone = Registry(made[0], python="/nonexistent/python")
    with pytest.raises(RegistryUnavailable, match="cannot be started"):
        await alone.models()
    await alone.close()


async def test_a_worker_that_dies_at_once_is_told(made) -> None:
    alone = Registry(made[0], python="/bin/false")
    with pytest.raises(RegistryUnavailable, match="died twice"):
        await alone.models()
    await alone.close()


async def test_a_worker_that_does_not_answer_has_a_deadline(made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf = tmp_path / "deaf"
    deaf.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.read()\n")
    deaf.chmod(0o755)
    monkeypatch.setattr(registry_module, "LIST_SECONDS", 0.5)
    alone = Registry(made[0], python=str(deaf))
    with pytest.raises(RegistryUnavailable, match=r"did not answer within 0\.5 s"):
        await alone.models()
    assert alone._worker.pid is None
    await alone.close()


async def test_closing_ends_the_worker(made) -> None:
    alone = Registry(made[0])
    alone.warm()
    calls = [asyncio.create_task(alone.models()) for _ in range(3)]
    answers = await asyncio.gather(*calls)
    assert len({len(a) for a in answers}) == 1
    pid = alone._worker.pid
    await alone.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(MDeployError):
        await alone.models()


async def test_an_empty_home_has_no_models(tmp_path: Path) -> None:
    alone = Registry(Home(tmp_path / "h", tmp_path / "r").create())
    assert await alone.models() == ()
    with pytest.raises(ModelNotFound, match="no model was registered yet"):
        await alone.resolve(source("models:/churn/1"))
    await alone.close()


async def test_versions_of_removed_files_are_told(registry: Registry, made) -> None:
    shutil.rmtree(made[1][1]["source"])
    with pytest.raises(ModelNotFound, match="the files of models:/iris clf/1 are gone"):
        await registry.resolve(source("models:/iris clf/1"))
