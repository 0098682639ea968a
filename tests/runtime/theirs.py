"""MLflow's own scoring application for several models in one process, each below its name: ``/iris/invocations``."""

from __future__ import annotations

import sys
from pathlib import Path


def main(root: Path, names: list[str], port: int) -> None:
    import mlflow.pyfunc
    import uvicorn
    from fastapi import FastAPI
    from mlflow.pyfunc.scoring_server import init

    app = FastAPI()
    for name in names:
        app.mount(f"/{name}", init(mlflow.pyfunc.load_model(str(root / name))))
    uvicorn.run(app, port=port, log_level="warning")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[3:], int(sys.argv[2]))
