"""Read a script's source without running it: what it defines, and where. Imports nothing heavy: the engine looks too."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mdeploy_lab.errors import ModelNotSupported

NAMES = ("serve.py", "serving.py", "script.py", "predict.py", "predictor.py", "inference.py", "model.py", "Model.py", "main.py")
"""What a folder's script is called, best first; one of another name is taken when it is the only one."""
STREAM = "predict_stream"
FUNCTIONS = frozenset({"predict", STREAM, "preprocess", "postprocess"})
METHODS = frozenset({"predict", "predict_raw"})
EXAMPLE = "EXAMPLE"
HINT = "a script has a function predict(inputs), or a class Model with a method predict"


@dataclass(frozen=True)
class Source:
    """What a script's text says."""

    path: Path
    functions: dict[str, int] = field(default_factory=dict)
    """Function → line."""
    classes: dict[str, int] = field(default_factory=dict)
    """Class with a method that answers → line."""
    example: Any = None
    """The value of EXAMPLE, where it is a literal."""
    imports: frozenset[str] = frozenset()
    """Top-level modules that it imports."""
    streams: bool = False
    """Whether it can answer piece by piece."""

    @property
    def answers(self) -> bool:
        """Whether it is a serving script at all."""
        return bool(FUNCTIONS & set(self.functions) or self.classes)

    @property
    def needs_model(self) -> bool:
        """Whether it only stands around a model: it has nothing that predicts."""
        return not self.classes and "predict" not in self.functions and STREAM not in self.functions


def read(path: Path) -> Source:
    """Read one file.

    Raises
    ------
    ModelNotSupported
        When it is no Python; the message names the line.
    """
    try:
        text = path.read_bytes()
        tree = ast.parse(text, filename=str(path))
    except SyntaxError as error:
        raise ModelNotSupported(
            f"{path.name}, line {error.lineno}: {error.msg}", hint="mend the line, then try again: `mdeploy serve` shows it"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelNotSupported(f"{path} cannot be read: {error}", hint=HINT) from error
    functions = {n.name: n.lineno for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    classes = {n.name: n.lineno for n in tree.body if isinstance(n, ast.ClassDef) and _answers(n, path)}
    streams = STREAM in functions or any(isinstance(n, ast.ClassDef) and STREAM in _methods(n) for n in tree.body)
    return Source(path, functions, classes, _example(tree), frozenset(_imports(tree)), streams)


def _answers(node: ast.ClassDef, path: Path) -> bool:
    return bool(METHODS & _methods(node)) or (bool(node.bases) and node.name in {"Model", path.stem})


def _methods(node: ast.ClassDef) -> set[str]:
    return {n.name for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def _example(tree: ast.Module) -> Any:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        if any(isinstance(t, ast.Name) and t.id == EXAMPLE for t in targets) and node.value is not None:
            try:
                return ast.literal_eval(node.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                return None
    return None


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found


def is_script(path: Path) -> bool:
    """Return whether a path is a script, or a folder with one, rather than a saved model."""
    if path.suffix == ".py":
        return path.is_file()
    if not path.is_dir():
        return False
    if (path / "MLmodel").is_file():
        return _beside(path) is not None
    return any((path / name).is_file() for name in NAMES) or any(map(_answering, path.glob("*.py")))


def _answering(file: Path) -> bool:
    try:
        return read(file).answers
    except ModelNotSupported:
        return False


def _beside(directory: Path) -> Path | None:
    """Return the script that lies in a saved model's own directory, before its model."""
    for name in NAMES[:3]:
        file = directory / name
        if file.is_file() and f"model_code_path: {name}" not in (directory / "MLmodel").read_text(encoding="utf-8"):
            return file
    return None


def find(path: Path) -> Source:
    """Return the script that a path names: the file, or the one in the folder; of classes, one must be meant.

    Raises
    ------
    ModelNotSupported
        When there is none, or several that could be meant.
    """
    found = _find(path)
    if not FUNCTIONS & set(found.functions) and len(found.classes) > 1 and not {"Model", found.path.stem} & set(found.classes):
        raise ModelNotSupported(
            f"{found.path.name} has several classes that predict: {', '.join(found.classes)}", hint="call the one Model"
        )
    return found


def _find(path: Path) -> Source:
    if path.is_file():
        found = read(path)
        if not found.answers:
            raise ModelNotSupported(f"{path.name} has neither predict, preprocess nor postprocess", hint=HINT)
        return found
    if (path / "MLmodel").is_file() and (beside := _beside(path)) is not None:
        return _find(beside)
    known = [path / name for name in NAMES if (path / name).is_file()]
    for file in known:
        if (source := read(file)).answers:
            return source
    others = [read(file) for file in sorted(set(path.glob("*.py")) - set(known)) if _answering(file)]
    if len(others) == 1:
        return others[0]
    if others:
        names = ", ".join(s.path.name for s in others[:5])
        raise ModelNotSupported(f"{path} has several scripts: {names}", hint=f"name the file, or call the one {NAMES[0]}")
    if (path / "MLmodel").is_file():
        raise ModelNotSupported(
            f"{path} is a saved model without a serving script",
            hint="it is deployed as it is, by mdeploy deploy; a script with preprocess or postprocess may stand before it",
        )
    near = known[0].name + " has no predict" if known else "no file of it has a predict"
    models = [str(found.parent) for found in sorted(path.glob("*/MLmodel"))]
    hint = f"did you mean the model {' or '.join(models[:3])}? {HINT}" if models else HINT
    raise ModelNotSupported(f"{path} holds no serving script: {near}", hint=hint)
