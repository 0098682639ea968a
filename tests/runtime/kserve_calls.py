"""What KServe's own clients get from a gateway: run in an environment that has ``kserve``; prints one JSON object."""

from __future__ import annotations

import asyncio
import json
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.5, 3.0, 5.5, 1.8]])


def rows(*, raw: bool) -> InferRequest:
    tensor = InferInput("rows", [2, 4], "FP64")
    tensor.set_data_from_numpy(ROWS, binary_data=raw)
    outputs = [RequestedOutput("output-0", parameters={"binary_data": True})] if raw else None
    return InferRequest("iris", [tensor], request_id="7", request_outputs=outputs)


async def over_rest(base: str, headers: dict[str, str]) -> dict[str, object]:
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    found: dict[str, object] = {
        "live": await client.is_server_live(base, headers=headers),
        "ready": await client.is_server_ready(base, headers=headers),
        "model": await client.is_model_ready(base, "iris", headers=headers),
    }
    for name, raw in (("json", False), ("binary", True)):
        answer = await client.infer(base, rows(raw=raw), model_name="iris", headers=dict(headers))
        found[name] = answer.outputs[0].as_numpy().tolist()
        found["id"] = answer.id
    try:
        await client.infer(base, rows(raw=False), model_name="iris")
    except Exception as error:  # noqa: BLE001  # whatever the client makes of a 401
        found["refused"] = str(error)
    return found


async def over_rest_v1(base: str, headers: dict[str, str]) -> dict[str, object]:
    client = InferenceRESTClient(RESTConfig(protocol="v1"))
    answer = await client.infer(base, {"instances": ROWS.tolist()}, model_name="iris", headers=headers)
    return {"ready": await client.is_model_ready(base, "iris", headers=headers), "json": answer["predictions"]}


async def over_grpc(place: str, headers: dict[str, str]) -> dict[str, object]:
    client = InferenceGRPCClient(place)
    sent = tuple({**headers, "x-mdeploy-deployment": "iris"}.items())
    found: dict[str, object] = {
        "live": await client.is_server_live(headers=sent),
        "ready": await client.is_server_ready(headers=sent),
        "model": await client.is_model_ready("iris", headers=sent),
    }
    for name, raw in (("typed", False), ("raw", True)):
        answer = await client.infer(rows(raw=raw), headers=sent)
        found[name] = answer.outputs[0].as_numpy().tolist()
    try:
        await client.infer(rows(raw=False))
    except Exception as error:  # noqa: BLE001  # whatever the client makes of it
        found["refused"] = str(error)
    await client.close()
    return found


async def main(port: str, token: str, *protocols: str) -> None:
    base, headers = f"http://127.0.0.1:{port}/deployment/iris", {"authorization": f"Bearer {token}"}
    found = {"v2": await over_rest(base, headers), "grpc": await over_grpc(f"127.0.0.1:{port}", headers)}
    if "v1" in protocols:
        found["v1"] = await over_rest_v1(base, headers)
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
