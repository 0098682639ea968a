"""An engine in a process of its own, for tests that kill it: ``driver.py ROOT RUN PLAN``; prints what it observes, as JSON lines."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from mdeploy_lab.engines.base import RevisionPlan
from mdeploy_lab.engines.local.engine import LocalEngine
from mdeploy_lab.engines.local.timing import Timing
from mdeploy_lab.models.deployment import Model
from mdeploy_lab.paths import Home


async def fetch(model: Model) -> Path:
    return Path(model.source)


def say(kind: str, **more: object) -> None:
    print(json.dumps({"kind": kind, **more}), flush=True)


async def main(root: str, run: str, raw: str) -> None:
    plan = RevisionPlan.model_validate_json(raw)
    engine = LocalEngine(Home(Path(root), Path(run)), fetch=fetch, timing=Timing(backoff_first=0.05, adopt_deadline=5))
    await engine.open(lambda _uid: None, lambda _uid, event: say("event", event=event.kind, replica=event.replica))
    say("open", found=sorted(engine.deployments()))
    await engine.ensure(plan)
    say("ensured")
    while True:
        seen = engine.observe(plan.uid)[plan.revision]
        if len(seen.ready) == plan.replicas == len(seen.replicas):
            break
        await asyncio.sleep(0.01)
    say(
        "ready",
        replicas={r.replica.id: r.replica.pid for r in seen.replicas},
        addresses=[r.address.target for r in seen.replicas if r.address],
    )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
