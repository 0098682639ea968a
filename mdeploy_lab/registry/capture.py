"""Turn a live object of the kernel into a registered model version that another process can load.

Everything runs in the user's process: what the object needs is taken from what is loaded, nothing is inferred in a
subprocess, and MLflow's global state (tracking URI, active run, autologging) is left alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from mdeploy_lab.errors import ModelNotSupported
from mdeploy_lab.models.deployment import Interpreter
from mdeploy_lab.models.registry import Captured, CellContext
from mdeploy_lab.paths import Home
from mdeploy_lab.registry import (
    backend as backends,
)
from mdeploy_lab.registry import (
    checks,
    code_paths,
    examples,
    flavors,
    frames,
    parity,
    requirements,
    snapshot,
    versions,
)
from mdeploy_lab.registry.interpreter import this_interpreter
from mdeploy_lab.registry.lineage import lineage
from mdeploy_lab.registry.model_name import registered_name

__all__ = ["Captured", "CellContext", "candidates", "capture"]

candidates = frames.candidates


def capture(
    obj: Any,
    *,
    name: str,
    home: Home,
    method: str = "predict",
    input_example: Any = None,
    namespace: Mapping[str, Any] | None = None,
    variable: str | None = None,
    cell: CellContext | None = None,
    tracking_uri: str | None = None,
    registry_uri: str | None = None,
    requirements: Sequence[str] | None = None,
    code_paths: Sequence[str | Path] | None = None,
    serialization: Literal["auto", "cloudpickle", "skops"] = "auto",
) -> Captured:
    """Log ``obj`` and register it as a version of ``name``; an equal object gets the version that is already there.

    Parameters
    ----------
    obj
        A fitted model, any object with ``method``, or a function of one argument.
    name
        Display name; the registered model's name is made from it.
    home
        Whose registry is used when neither arguments, environment nor the kernel's mlflow name one.
    method
        The method that answers.
    input_example
        Rows to infer the signature from and to check the endpoint with.
    namespace
        Variables among which data may be found when ``input_example`` is None.
    variable, cell
        Where ``obj`` comes from, for its lineage.
    tracking_uri, registry_uri
        The registry.
    requirements, code_paths
        Used in place of (requirements) and besides (code) what is found.
    serialization
        For scikit-learn models; ``auto`` is cloudpickle.

    Raises
    ------
    ModelNotSupported
        When ``obj`` cannot become a model.
    RegistryUnavailable
        When the registry cannot be written; nothing half-made is left there.
    """
    title = checks.title_of(obj, variable)
    checks.check(obj, method=method, title=title, namespace=namespace)
    backends.quietly()
    draft = _Draft(obj, title, method, serialization)
    draft.look(input_example, namespace)
    draft.collect(requirements, code_paths)
    where = lineage(variable=variable, cell=cell, data=draft.evidence.data)
    backend = backends.choose(home, tracking_uri=tracking_uri, registry_uri=registry_uri)
    return draft.register(name, home, backend, where)


class _Draft:
    """A capture under way: each step adds what it learnt."""

    def __init__(self, obj: Any, title: str, method: str, serialization: str) -> None:
        self.obj = obj
        self.title = title
        self.method = method
        self.snapshot = snapshot.take(obj, title=title)
        made_here = type(obj).__qualname__ in self.snapshot.by_value
        self.flavor = flavors.detect(obj, method=method, from_notebook=made_here)
        self.serialization = self.flavor.serialization if serialization == "auto" else serialization
        if serialization == "skops" and (self.flavor.name != "sklearn" or self.snapshot.by_value):
            raise ModelNotSupported(
                f"{title} cannot be saved with skops: it is no scikit-learn model, or uses what the notebook defines",
                hint="leave serialization out",
            )
        self.interpreter: Interpreter = this_interpreter()

    def look(self, input_example: Any, namespace: Mapping[str, Any] | None) -> None:
        """Find signature, example and parity rows."""
        self.evidence = examples.gather(
            self.flavor,
            self.obj,
            method=self.method,
            title=self.title,
            input_example=input_example,
            namespace=namespace,
        )
        if self.evidence.restore:
            self.flavor = flavors.with_form(self.flavor, self.obj)
            self.serialization = self.flavor.serialization
        self.notes = list(self.evidence.notes)

    def collect(self, given: Sequence[str] | None, extra_code: Sequence[str | Path] | None) -> None:
        """Find requirements and the user's own modules; from all this, the digest."""
        own = code_paths.own_modules(self.snapshot.modules)
        extra = [Path(p).expanduser().absolute() for p in extra_code or ()]
        missing = next((p for p in extra if not p.exists()), None)
        if missing is not None:
            raise ModelNotSupported(f"the code path {missing} does not exist", hint="give a file or a directory")
        self.code = tuple(dict.fromkeys([*own.values(), *extra]))
        modules = {m for m in self.snapshot.modules if m.partition(".")[0] not in own}
        modules |= {self.flavor.library} | {m for o in own for m in code_paths.libraries(o)}
        if frames.is_frame(self.evidence.example):
            modules.add("pandas")
        self.requirements = tuple(given) if given is not None else requirements.pinned(modules)
        if own:
            names = ", ".join(p.name for p in own.values())
            self.notes.append(f"{names} travel{'s' if len(own) == 1 else ''} with the model")
        self.digest = self._digest()

    def _digest(self) -> str:
        signature = self.evidence.signature
        told = {
            "object": self.snapshot.digest,
            "flavor": self.flavor.name,
            "serialization": self.serialization,
            "method": self.method,
            "form": self.evidence.form,
            "signature": signature.to_dict() if signature is not None else None,
            "requirements": self.requirements,
            "python": [self.interpreter.path, self.interpreter.version],
            "code": hashlib.sha256(code_paths.content(self.code)).hexdigest(),
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    def register(self, name: str, home: Home, backend: backends.Backend, where: dict[str, Any]) -> Captured:
        """Find the version that equals this, or make one."""
        registered = registered_name(name)
        if registered != name:
            self.notes.append(f"registered as {registered!r}: MLflow does not allow the name as it is")
        mlflow_client = versions.open_client(home, backend)
        found = versions.find(mlflow_client, backend, registered, self.digest)
        unchanged = found is not None
        if found is None:
            tags = self._tags(name, where)
            found = versions.add(mlflow_client, home, backend, registered, self._save(where), tags=tags)
        return self._captured(found, backend, unchanged=unchanged)

    def _tags(self, name: str, where: dict[str, Any]) -> dict[str, str]:
        tags = {f"mdeploy.{key}": str(value) for key, value in where.items()}
        tags |= {
            versions.DIGEST_TAG: self.digest,
            "mdeploy.name": name[:1000],
            "mdeploy.method": self.method,
            "mdeploy.python": self.interpreter.version,
            "mdeploy.interpreter": self.interpreter.path,
            "mdeploy.parity_rows": str(self._parity_rows),
        }
        return tags

    @property
    def _parity_rows(self) -> int:
        return int(self.evidence.parity["rows"]) if self.evidence.parity else 0

    def _save(self, where: dict[str, Any]) -> versions.Save:
        metadata = {
            "mdeploy": {
                "interpreter": self.interpreter.model_dump(mode="json"),
                "method": self.method,
                "digest": self.digest,
                "signature_from": self.evidence.signature_from,
                "parity_rows": self._parity_rows,
                "lineage": where,
            }
        }

        def save(path: Path, model: Any) -> None:
            flavors.save(
                self.flavor,
                self.obj,
                path,
                method=self.method,
                serialization=self.serialization,
                form=self.evidence.form,
                signature=self.evidence.signature,
                mlflow_model=model,
                input_example=self.evidence.example,
                pip_requirements=list(self.requirements),
                code_paths=[str(p) for p in self.code] or None,
                metadata=metadata,
            )
            if self.evidence.parity is not None:
                parity.write(path, self.evidence.parity)

        return save

    def _captured(self, version: versions.Version, backend: backends.Backend, *, unchanged: bool) -> Captured:
        rows = int(version.tags.get("mdeploy.parity_rows") or 0) if unchanged else self._parity_rows
        return Captured(
            uri=version.uri,
            tracking_uri=backend.tracking_uri,
            registry_uri=backend.registry_uri,
            source=str(version.source) if version.source is not None else "",
            name=version.name,
            version=version.version,
            flavor=self.flavor.name,
            serialization=self.serialization,
            interpreter=self.interpreter,
            method=self.method,
            signature_from=self.evidence.signature_from,
            parity_rows=rows,
            code_paths=tuple(str(p) for p in self.code),
            requirements=self.requirements,
            notes=tuple(self.notes),
            unchanged=unchanged,
            digest=self.digest,
        )
