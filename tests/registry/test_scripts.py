"""What is read of a serving script without running it: which file it is, what travels, what it needs."""

from __future__ import annotations

import pytest

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.registry import scripts

PREDICT = "def predict(x): return x\n"


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def names(script):
    return {file.as_posix() for file in script.files}


def test_a_folder_travels_whole_but_for_caches_and_environments(tmp_path):
    write(tmp_path, serve_dot_py=PREDICT, data__words_dot_txt="w", venv__x_dot_py="", __pycache__="")
    write(tmp_path, _dot_git__config="", notes_dot_pyc="")
    assert names(scripts.read(tmp_path)) == {"serve.py", "data/words.txt", "__pycache__"} - {"__pycache__"}


def test_a_file_travels_with_what_it_imports_from_beside_it(tmp_path):
    write(tmp_path, mine_dot_py="import rules, pandas\n" + PREDICT, rules_dot_py="from pack import deep", other_dot_py="")
    write(tmp_path, pack____init___dot_py="", requirements_dot_txt="pandas>=2\n# c\n", weights_dot_bin="w")
    (tmp_path / "pack").mkdir(exist_ok=True)
    (tmp_path / "pack" / "__init__.py").write_text("deep = 1", encoding="utf-8")
    found = scripts.read(tmp_path / "mine.py")
    assert names(found) == {"mine.py", "rules.py", "pack/__init__.py", "requirements.txt"}
    assert found.requirements == ("pandas>=2",)


def test_without_requirements_the_libraries_that_it_imports_are_needed(tmp_path):
    write(tmp_path, serve_dot_py="import json, sklearn.linear_model, yaml, rules\n" + PREDICT, rules_dot_py="import cv2")
    assert scripts.read(tmp_path).requirements == ("opencv-python-headless", "pyyaml", "scikit-learn")


def test_the_digest_is_of_what_travels(tmp_path):
    write(tmp_path, serve_dot_py=PREDICT)
    first = scripts.read(tmp_path).digest()
    assert scripts.read(tmp_path).digest() == first
    write(tmp_path, weights_dot_txt="w")
    assert scripts.read(tmp_path).digest() != first


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({"serve_dot_py": PREDICT, "other_dot_py": PREDICT}, "serve.py"),
        ({"serve_dot_py": "x = 1", "mine_dot_py": PREDICT}, "mine.py"),
        ({"mine_dot_py": "class Model:\n    def predict(self, X): return X"}, "mine.py"),
        (
            {"train_dot_py": "import sklearn", "churn_dot_py": "class Churn:\n    def predict_raw(self, m): return m"},
            "churn.py",
        ),
    ],
)
def test_the_script_of_a_folder(tmp_path, files, name):
    assert scripts.is_script(write(tmp_path, **files))
    assert scripts.read(tmp_path).source.path.name == name


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"serve_dot_py": "def predict(x:\n"}, "serve.py, line 1"),
        ({"serve_dot_py": "def predikt(x): return x"}, "serve.py has no predict"),
        ({"one_dot_py": PREDICT, "two_dot_py": PREDICT}, "several scripts: one.py, two.py"),
        (
            {"serve_dot_py": "class A:\n def predict(s, x): 1\nclass B:\n def predict(s, x): 1"},
            "several classes that predict: A, B",
        ),
        ({"serve_dot_py": "def preprocess(x): return x"}, "no MLflow model to stand before"),
        ({"serve_dot_py": PREDICT, "example_dot_json": "{"}, "example.json is no JSON"),
        ({"serve_dot_py": "EXAMPLE = {1, 2}\n" + PREDICT}, "no JSON form"),
    ],
)
def test_what_cannot_be_a_script_is_refused_with_a_fix(tmp_path, files, message):
    with pytest.raises(ModelNotSupported) as raised:
        scripts.read(write(tmp_path, **files))
    assert message in raised.value.message
    assert raised.value.hint


def test_a_folder_of_programs_is_no_script_and_a_model_below_is_pointed_to(tmp_path):
    write(tmp_path, train_dot_py="import sklearn", MODELS__MLmodel="flavors: {sklearn: {}}")
    assert not scripts.is_script(tmp_path)
    with pytest.raises(ModelNotSupported) as raised:
        scripts.read(tmp_path)
    assert str(tmp_path / "MODELS") in raised.value.hint


def test_a_saved_model_is_no_script_unless_one_stands_before_it(tmp_path):
    write(tmp_path, MLmodel="flavors: {python_function: {model_code_path: serve.py}}", serve_dot_py=PREDICT)
    assert not scripts.is_script(tmp_path)
    write(tmp_path, MLmodel="flavors: {python_function: {}}", serve_dot_py="def postprocess(y): return y")
    assert scripts.is_script(tmp_path)
    assert scripts.read(tmp_path).model == tmp_path
