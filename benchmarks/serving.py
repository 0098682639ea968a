"""Requests per second and latency of ``/invocations``, through the gateway, straight at the replica, and at the peer."""

from __future__ import annotations

import base64
import json
import statistics
import tempfile
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import load, peer, subjects
from benchmarks.places import fresh_home, here
from benchmarks.report import Row, Section, ratio

ROUNDS = 3
SECONDS = 4.0
WARM_UP_SECONDS = 1.0
CONNECTIONS = (1, 32)
GATEWAY, REPLICA, PEER = "gateway", "replica", "peer"
Key = tuple[str, str, int]


def measure(*, quick: bool) -> Section:
    """Return the section."""
    import mdeploy_lab as md

    found: dict[Key, list[load.Result]] = defaultdict(list)
    frame, _ = subjects.iris()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mdl-bench-")))
        environ = stack.enter_context(fresh_home())
        stack.enter_context(here(environ))
        groups = []
        for number, name in enumerate(subjects.NAMES):
            model = subjects.fitted(name)
            d = md.deploy(model, name=f"model {number}", input_example=frame, instance_type="medium")
            port, _ = stack.enter_context(peer.served(subjects.save(model, directory / str(number)), subjects.body()))
            groups.append(
                (name, [_gateway(d), _replica(environ, d), load.Target(PEER, f"tcp:127.0.0.1:{port}", "/invocations", {})])
            )
        wrk = all(load.has_wrk(targets) for _, targets in groups)
        for round_number in range(1 if quick else ROUNDS):
            _round(groups, found, round_number, SECONDS / (4 if quick else 1), wrk=wrk)
    return Section(
        "`/invocations`",
        "One row of iris as `dataframe_split`, keep-alive connections, one replica of ours and one worker of the peer; "
        "requests per second, and the median latency. Ours through the gateway is with a client's token. "
        f"Load from {'wrk' if wrk else 'benchmarks/load.py'}.",
        tuple(_rows(found)),
    )


def _round(groups: Any, found: dict[Key, list[load.Result]], number: int, seconds: float, *, wrk: bool) -> None:
    body = subjects.body()
    for name, targets in groups:
        for connections in CONNECTIONS:
            order = targets[number % len(targets) :] + targets[: number % len(targets)]
            for target in order:
                load.run(target, body, connections, WARM_UP_SECONDS, wrk=wrk)
                found[name, target.name, connections].append(load.run(target, body, connections, seconds, wrk=wrk))


def _rows(found: dict[Key, list[load.Result]]) -> list[Row]:
    rows = []
    for name in subjects.NAMES:
        for connections in CONNECTIONS:
            theirs = _middle(found[name, PEER, connections])
            for where in (GATEWAY, REPLICA):
                results = found[name, where, connections]
                ours = _middle(results)
                what = f"{name}, {connections} connection{'s' if connections > 1 else ''}, "
                what += "through the gateway" if where == GATEWAY else "straight at the replica"
                better = ratio(ours[0], theirs[0], more_is_better=True)
                rows.append(Row(what, _said(ours), "", _said(theirs), better, len(results)))
    return rows


def _middle(results: list[load.Result]) -> tuple[float, float, int]:
    rate = statistics.median(r.per_second for r in results)
    return rate, statistics.median(r.p50_ms for r in results), sum(r.errors for r in results)


def _said(values: tuple[float, float, int]) -> str:
    rate, p50, errors = values
    said = f"{rate:,.0f}".replace(",", " ")  # thousands apart
    return f"{said} /s, {p50:.2f} ms" + (f", {errors} errors" if errors else "")


def _gateway(d: Any) -> load.Target:
    """Return the deployment's public address, with a client's token."""
    token = d.clients.add("bench").token.reveal()
    parts = urlsplit(d.url)
    login = base64.b64encode(f"bench:{token}".encode()).decode()
    return load.Target(
        GATEWAY, f"tcp:{parts.hostname}:{parts.port}", f"{parts.path}/invocations", {"Authorization": f"Basic {login}"}
    )


def _replica(environ: dict[str, str], d: Any) -> load.Target:
    """Return the replica's own address, which only its owner can read."""
    for path in (Path(environ["MDEPLOY_HOME"]) / "state" / "replicas").glob("*.json"):
        spec = json.loads(path.read_text())
        if spec["uid"] == d.uid:
            headers = {"X-MDeploy-Replica": spec["secret"]} if spec["secret"] else {}
            return load.Target(REPLICA, spec["listen"], "/invocations", headers)
    raise LookupError(f"no replica of {d.id}")
