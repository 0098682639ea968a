"""Models for engine tests: a real forest, and small ones that misbehave, each a directory as MLflow saves it."""

from __future__ import annotations

import textwrap
import warnings
from pathlib import Path

MLMODEL = """\
flavors:
  python_function:
    code: code
    data: data
    loader_module: {module}
model_uuid: 0123456789abcdef0123456789abcdef
utc_time_created: '2026-01-01 00:00:00.000000'
"""


def written(directory: Path, name: str, code: str) -> Path:
    """Write a model whose module is ``code``; it must define ``_load_pyfunc(path)``."""
    path = directory / name
    (path / "code").mkdir(parents=True)
    (path / "data").mkdir()
    (path / "MLmodel").write_text(MLMODEL.format(module=f"{name}_module"))
    (path / "requirements.txt").write_text("")
    (path / "code" / f"{name}_module.py").write_text(textwrap.dedent(code))
    return path


def forest(directory: Path) -> Path:
    """Save a forest of 100 trees, fitted to real data."""
    import mlflow.sklearn
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier

    features, target = load_breast_cancer(return_X_y=True, as_frame=True)
    model = RandomForestClassifier(100, random_state=0).fit(features, target)
    path = directory / "forest"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            model, str(path), pip_requirements=[], serialization_format="cloudpickle", input_example=features.head(2)
        )
    return path


ECHO = """
class Echo:
    def predict(self, data, params=None):
        return [len(data)] * len(data)

def _load_pyfunc(path):
    return Echo()
"""

RAISES = """
def _load_pyfunc(path):
    raise ValueError("these weights are not mine")
"""

CRASHES = """
import os, sys

def _load_pyfunc(path):
    os.write(2, b"about to fall over\\n")
    os.kill(os.getpid(), 11)
"""

HANGS = """
import time

def where_it_hangs():
    time.sleep(1000)

def _load_pyfunc(path):
    where_it_hangs()
"""

HUNGRY = """
import time

def _load_pyfunc(path):
    kept = []
    while True:
        kept.append(bytearray(16 * 2**20))
        kept[-1][::4096] = b"x" * (16 * 2**20 // 4096)
        time.sleep(0.02)
"""

SLOW = """
import time

class Slow:
    def predict(self, data, params=None):
        time.sleep(1.0)
        return [1] * len(data)

def _load_pyfunc(path):
    return Slow()
"""

ENDLESS = SLOW.replace("1.0", "600")

PARENT = """
import subprocess, sys

class Parent:
    def predict(self, data, params=None):
        return [self.child.pid]

def _load_pyfunc(path):
    model = Parent()
    model.child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    return model
"""

TALKS = """
import logging, os

class Talks:
    def predict(self, data, params=None):
        print("printed")
        logging.getLogger("my.model").warning("logged")
        os.write(2, b"written by native code\\n")
        return [1] * len(data)

def _load_pyfunc(path):
    return Talks()
"""

ENVIRONMENT = """
import os

class Environment:
    def predict(self, data, params=None):
        return [dict(os.environ)]

def _load_pyfunc(path):
    return Environment()
"""

ALL = {
    "echo": ECHO,
    "raises": RAISES,
    "crashes": CRASHES,
    "hangs": HANGS,
    "hungry": HUNGRY,
    "slow": SLOW,
    "endless": ENDLESS,
    "parent": PARENT,
    "talks": TALKS,
    "environment": ENVIRONMENT,
}
