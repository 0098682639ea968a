"""Clients that others wrote, at real replicas behind the real gateway: tritonclient over HTTP and over gRPC."""

from __future__ import annotations

import base64
import socket
import threading
import time
from contextlib import suppress

import numpy as np
import pytest
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from google.protobuf.descriptor import FieldDescriptor
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

from mdeploy_lab.gateway.base import Unavailable
from mdeploy_lab.runtime import grpc_messages
from tests.gateway.conftest import client as make_client
from tests.gateway.conftest import route
from tests.runtime.behind import door

NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROW = [5.1, 3.5, 1.4, 0.2]
WEB = make_client("web")
BEARER = {"authorization": f"Bearer {WEB.token}"}
KINDS = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "u2",
    "UINT32": "u4",
    "UINT64": "u8",
    "INT8": "i1",
    "INT16": "i2",
    "INT32": "i4",
    "INT64": "i8",
    "FP16": "f2",
    "FP32": "f4",
    "FP64": "f8",
    "BYTES": "O",
}
VALUES = {
    kind: np.array([["a", "ä"], ["", "c" * 300]], dtype=object)
    if kind == "BYTES"
    else (np.array([[0, 1], [7, 100]]) if kind != "BOOL" else np.array([[True, False], [False, True]])).astype(dtype)
    for kind, dtype in KINDS.items()
}


class Deaf:
    """A replica that hangs up on every request."""

    def __init__(self):
        self.count = 0
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.target = f"tcp:127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                if connection.recv(1 << 16):
                    self.count += 1

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@pytest.fixture(scope="module")
def replicas(start_for_module, zoo):
    return {
        name: start_for_module(zoo / name, **({"predict_timeout": 5.0} if name == "slow" else {}))
        for name in ("iris", "picture", "named", "words", "same", "slow", "raises")
    }


@pytest.fixture(scope="module")
def deaf():
    made = Deaf()
    yield made
    made.close()


@pytest.fixture(scope="module")
def gate(replicas, deaf):
    with door() as made:
        made.put(
            route("iris", replicas["iris"].address, clients=[WEB]),
            *(route(name, replicas[name].address, public=True) for name in replicas if name != "iris"),
            route("split", weights={1: (100, [replicas["iris"].address]), 3: (0, [replicas["same"].address])}, public=True),
            route("twice", deaf.target, replicas["iris"].address, public=True),
            route(
                "stopped",
                weights={1: (0, [])},
                public=True,
                unavailable=Unavailable(reason="stopped", message="it is stopped", hint="start it"),
            ),
        )
        yield made


def at(id_):
    return {"x-mdeploy-deployment": id_, **(BEARER if id_ == "iris" else {})}


class Http:
    """The same calls as over gRPC."""

    module = triton_http

    def __init__(self, port):
        self._port = port
        self._clients = {}

    def _client(self, id_):
        if id_ not in self._clients:
            self._clients[id_] = triton_http.InferenceServerClient(f"127.0.0.1:{self._port}/deployment/{id_}")
        return self._clients[id_]

    def __getattr__(self, name):
        def call(id_, *args, **kwargs):
            headers = {**at(id_), **kwargs.pop("headers", {})}
            return getattr(self._client(id_), name)(*args, headers=headers, **kwargs)

        return call

    def close(self):
        for client in self._clients.values():
            client.close()


class Grpc:
    module = triton_grpc

    def __init__(self, port):
        self._client = triton_grpc.InferenceServerClient(f"127.0.0.1:{port}")

    def __getattr__(self, name):
        def call(id_, *args, **kwargs):
            headers = {**at(id_), **kwargs.pop("headers", {})}
            return getattr(self._client, name)(*args, headers=headers, **kwargs)

        return call

    def close(self):
        self._client.close()


@pytest.fixture(scope="module")
def grpc(gate):
    made = Grpc(gate.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def http(gate):
    made = Http(gate.port)
    yield made
    made.close()


@pytest.fixture(params=["http", "grpc"])
def caller(request, http, grpc):
    return {"http": http, "grpc": grpc}[request.param]


def given(caller, name, array, kind, **options):
    tensor = caller.module.InferInput(name, list(array.shape), kind)
    tensor.set_data_from_numpy(array, **options)
    return tensor


def columns(caller, **options):
    return [given(caller, name, np.array([value]), "FP64", **options) for name, value in zip(NAMES, ROW, strict=True)]


# ------------------------------------------------------------------------------------------------ what every client does


def test_server_and_model_are_ready(caller):
    assert caller.is_server_live("iris")
    assert caller.is_server_ready("iris")
    assert caller.is_model_ready("iris", "iris")
    assert caller.is_model_ready("iris", "iris", "3")


def test_metadata_comes_from_the_signature(http, grpc):
    assert http.get_server_metadata("iris")["extensions"] == ["binary_tensor_data"]
    assert list(grpc.get_server_metadata("iris").extensions) == ["binary_tensor_data"]
    plain, message = http.get_model_metadata("iris", "iris"), grpc.get_model_metadata("iris", "iris")
    assert plain["inputs"][0] == {"name": NAMES[0], "datatype": "FP64", "shape": [-1]}
    assert [(t.name, t.datatype, list(t.shape)) for t in message.inputs] == [
        (t["name"], t["datatype"], t["shape"]) for t in plain["inputs"]
    ]
    assert (message.platform, list(message.versions)) == (plain["platform"], plain["versions"]) == ("mlflow_sklearn", ["3"])


def test_columns_and_a_matrix(caller):
    found = caller.infer("iris", "iris", columns(caller), request_id="7")
    assert found.as_numpy("output-0").tolist() == [0]
    assert (found.get_response()["id"] if caller.module is triton_http else found.get_response().id) == "7"
    matrix = given(caller, "rows", np.array([ROW, [6.5, 3.0, 5.5, 1.8]]), "FP64")
    assert caller.infer("iris", "iris", [matrix], model_version="3").as_numpy("output-0").tolist() == [0, 2]


@pytest.mark.parametrize("kind", KINDS)
def test_every_datatype_comes_back_as_it_was(caller, kind):
    found = caller.infer("same", "iris", [given(caller, "x", VALUES[kind], kind)]).as_numpy("output-0")
    assert found.dtype == KINDS[kind]
    expected = np.char.encode(VALUES[kind].astype(str)).astype(object) if kind == "BYTES" else VALUES[kind]
    assert np.array_equal(found, expected)


def test_bf16_is_read_as_fp32(grpc):
    import ml_dtypes

    tensor = given(Grpc, "x", np.array([1.5, -2.0], dtype=ml_dtypes.bfloat16), "BF16")
    assert grpc.infer("same", "iris", [tensor]).as_numpy("output-0").tolist() == [1.5, -2.0]


def test_a_picture_of_floats_that_the_model_writes_into(caller):
    picture = np.random.default_rng(0).random((2, 224, 224, 3), dtype="f4")
    found = caller.infer("picture", "iris", [given(caller, "input-0", picture, "FP32")]).as_numpy("output-0")
    assert found.dtype == np.float32
    assert np.allclose(found, picture.mean(axis=(1, 2)) / 2)


def test_a_tensor_of_38_megabytes(caller):
    picture = np.ones((64, 224, 224, 3), dtype="f4")
    assert caller.infer("same", "iris", [given(caller, "x", picture, "FP32")]).as_numpy("output-0").shape == picture.shape


def test_several_inputs_and_only_the_outputs_that_are_asked_for(caller):
    inputs = [
        given(caller, "b", np.array([[1, 2]]), "INT64"),
        given(caller, "a", np.array([[0.5, 4.0]], dtype="f4"), "FP32"),
    ]
    wanted = [caller.module.InferRequestedOutput(name) for name in ("even", "half")]
    found = caller.infer("named", "iris", inputs, outputs=wanted)
    assert found.as_numpy("half").tolist() == [[0.25, 2.0]]
    assert found.as_numpy("half").dtype == np.float16
    assert found.as_numpy("even").tolist() == [[False, True]]
    assert found.as_numpy("sum") is None


def test_texts_and_bytes_of_a_table(caller):
    inputs = [
        given(caller, "text", np.array(["a", "ä"], dtype=object), "BYTES"),
        given(caller, "image", np.array([b"\xff\xd8\x00", b""], dtype=object), "BYTES"),
    ]
    found = caller.infer("words", "iris", inputs)
    assert [text.decode() for text in found.as_numpy("text")] == ["A", "Ä"]
    assert found.as_numpy("size").tolist() == [3, 0]


# ---------------------------------------------------------------------------------------------------------------- refusals


def refused(call, *args, **kwargs):
    with pytest.raises(InferenceServerException) as caught:
        call(*args, **kwargs)
    return caught.value


@pytest.mark.parametrize(
    ("id_", "model", "code", "said"),
    [
        ("iris", "other", "NOT_FOUND", "the model is called 'iris'"),
        ("stopped", "iris", "UNAVAILABLE", "it is stopped"),
        ("raises", "iris", "INTERNAL", "the model raised ZeroDivisionError"),
        ("nobody", "iris", "NOT_FOUND", "deployment"),
    ],
)
def test_errors_say_what_is_wrong(caller, id_, model, code, said):
    inputs = columns(caller) if id_ != "raises" else [given(caller, "x", np.array([0.0]), "FP64")]
    error = refused(caller.infer, id_, model, inputs)
    assert said in error.message()
    if caller.module is triton_grpc:
        assert error.status() == f"StatusCode.{code}"


def test_a_refused_call_is_logged_and_counted_as_one(grpc, replicas):
    refused(grpc.infer, "same", "other", [given(Grpc, "x", np.array([1.0]), "FP64")])
    end = time.monotonic() + 10
    while 404 not in statuses(replicas["same"]):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_wrong_input_is_named(caller):
    error = refused(caller.infer, "iris", "iris", columns(caller)[1:])
    assert f"'{NAMES[0]}'" in error.message()
    if caller.module is triton_grpc:
        assert error.status() == "StatusCode.INVALID_ARGUMENT"


@pytest.mark.parametrize("method", ["get_model_repository_index", "get_system_shared_memory_status"])
def test_what_is_not_offered_is_refused(caller, method):
    error = refused(getattr(caller, method), "iris")
    assert "not offered" in error.message()
    assert error.status() in ("501", "StatusCode.UNIMPLEMENTED")


def test_shared_memory_and_sequences_are_refused(caller):
    tensor = caller.module.InferInput("x", [1], "FP32")
    tensor.set_shared_memory("region", 4)
    assert "shared memory is not offered" in refused(caller.infer, "same", "iris", [tensor]).message()
    inputs = [given(caller, "x", np.array([1.0]), "FP64")]
    assert "sequences are not offered" in refused(caller.infer, "same", "iris", inputs, sequence_id=3).message()


def test_streams_are_refused(gate):
    answers = []
    with triton_grpc.InferenceServerClient(f"127.0.0.1:{gate.port}") as client:
        client.start_stream(lambda result, error: answers.append(error), headers=at("same"))
        with suppress(InferenceServerException):  # it may have been told before
            client.async_stream_infer("iris", [given(Grpc, "x", np.array([1.0]), "FP64")])
        end = time.monotonic() + 10
        while not answers:
            assert time.monotonic() < end
            time.sleep(0.01)
    assert "ModelStreamInfer is not offered" in answers[0].message()
    assert answers[0].status() == "StatusCode.UNIMPLEMENTED"


# -------------------------------------------------------------------------------------------------- who may call, and where


@pytest.mark.parametrize(
    "authorization",
    [
        f"Bearer {WEB.token}",
        WEB.token,
        "Basic " + base64.b64encode(f"web:{WEB.token}".encode()).decode(),
    ],
    ids=["bearer", "raw", "basic"],
)
def test_a_client_sends_its_token_as_anywhere(caller, authorization):
    found = caller.infer("iris", "iris", columns(caller), headers={"authorization": authorization})
    assert found.as_numpy("output-0").tolist() == [0]


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", f"Bearer {WEB.token}x"], ids=["none", "wrong", "longer"])
def test_others_are_not_let_in(caller, authorization):
    error = refused(caller.infer, "iris", "iris", columns(caller), headers={"authorization": authorization})
    assert error.status() in ("401", "StatusCode.UNAUTHENTICATED")
    assert "token" in error.message()


def test_a_deployment_is_found_by_its_host_name(gate):
    authority = [("grpc.default_authority", "same.mdeploy.localhost")]
    with triton_grpc.InferenceServerClient(f"127.0.0.1:{gate.port}", channel_args=authority) as client:
        found = client.infer("iris", [given(Grpc, "x", np.array([1.0]), "FP64")])
        assert found.as_numpy("output-0").tolist() == [1.0]
        error = refused(client.is_server_live, headers={"x-mdeploy-revision": "9"})
        assert error.status() == "StatusCode.NOT_FOUND"


def test_a_revision_is_found_by_metadata(grpc):
    tensor = given(Grpc, "x", np.array(["only the second takes this"], dtype=object), "BYTES")
    assert grpc.infer("split", "iris", [tensor], headers={"x-mdeploy-revision": "3"}).as_numpy("output-0").size == 1
    assert refused(grpc.infer, "split", "iris", [tensor]).status() == "StatusCode.INVALID_ARGUMENT"
    error = refused(grpc.infer, "split", "iris", [tensor], headers={"x-mdeploy-revision": "2"})
    assert error.status() == "StatusCode.NOT_FOUND"


# ---------------------------------------------------------------------------------------------------------------- bad days


def test_a_call_is_tried_once_more_on_another_replica(caller, deaf):
    before, calls = deaf.count, 0
    end = time.monotonic() + 20
    while deaf.count == before:  # which replica is first is the gateway's choice
        assert caller.infer("twice", "iris", columns(caller)).as_numpy("output-0").tolist() == [0]
        calls += 1
        assert time.monotonic() < end, calls


def statuses(replica):
    return [line["status"] for line in replica.log() if line.get("stream") == "access"]


def test_a_deadline_ends_the_call_and_its_work(grpc, replicas):
    before = statuses(replicas["slow"]).count(499)
    tensor = given(Grpc, "x", np.array([1.0]), "FP64")
    error = refused(grpc.infer, "slow", "iris", [tensor], client_timeout=0.3)
    assert error.status() == "StatusCode.DEADLINE_EXCEEDED"
    end = time.monotonic() + 10
    while statuses(replicas["slow"]).count(499) == before:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_call_can_be_cancelled(grpc, replicas):
    before = statuses(replicas["slow"]).count(499)
    done = threading.Event()
    tensor = given(Grpc, "x", np.array([2.0]), "FP64")
    call = grpc.async_infer("slow", "iris", [tensor], lambda *_, **__: done.set())
    assert not done.wait(0.2)
    call.cancel()
    assert done.wait(10)
    end = time.monotonic() + 10
    while statuses(replicas["slow"]).count(499) == before:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_body_that_is_too_large_is_refused(start, zoo, gate):
    replica = start(zoo / "same", max_payload=1_000_000)
    gate.put(route("tight", replica.address, public=True, max_payload=1_000_000))
    client = Grpc(gate.port)
    error = refused(client.infer, "tight", "iris", [given(Grpc, "x", np.ones(500_000), "FP64")])
    assert error.status() == "StatusCode.RESOURCE_EXHAUSTED"
    small = [given(Grpc, "x", np.ones(1_000_000), "FP64")]
    assert (
        refused(client.infer, "tight", "iris", small, compression_algorithm="gzip").status() == "StatusCode.RESOURCE_EXHAUSTED"
    )
    client.close()


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_a_compressed_body_is_unpacked(caller, algorithm):
    tensor = given(caller, "x", np.zeros(10_000), "FP64")
    word = "compression_algorithm" if caller.module is triton_grpc else "request_compression_algorithm"
    found = caller.infer("same", "iris", [tensor], **{word: algorithm})
    assert found.as_numpy("output-0").shape == (10_000,)


# -------------------------------------------------------------------------------------------------------------------- wire


@pytest.mark.parametrize("name", list(grpc_messages._MESSAGES))
def test_our_messages_are_those_of_the_protocol(name):
    theirs = service_pb2.DESCRIPTOR.message_types_by_name.get(name)
    theirs = theirs or service_pb2.ModelMetadataResponse.DESCRIPTOR.nested_types_by_name.get(name)
    theirs = (
        theirs or getattr(service_pb2.ModelInferRequest, name, getattr(service_pb2.ModelInferResponse, name, None)).DESCRIPTOR
    )
    ours = grpc_messages.message(name).DESCRIPTOR

    def fields(descriptor):
        return {
            f.number: (f.name, f.type, f.is_repeated, f.message_type.name if f.type == FieldDescriptor.TYPE_MESSAGE else None)
            for f in descriptor.fields
        }

    assert fields(ours) == {number: fields(theirs)[number] for number in fields(ours)}


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "FP16"])
def test_typed_contents(gate, kind):
    import grpc as grpc_lib

    fields = {"BOOL": "bool", "INT64": "int64", "UINT64": "uint64", "FP32": "fp32", "FP64": "fp64", "BYTES": "bytes"}
    field = fields.get(kind) or ("uint" if kind.startswith("U") else "int")
    request = service_pb2.ModelInferRequest(model_name="iris")
    tensor = request.inputs.add(name="x", datatype=kind, shape=[2, 2])
    flat = VALUES[kind].ravel().tolist()
    getattr(tensor.contents, f"{field}_contents").extend([v.encode() for v in flat] if kind == "BYTES" else flat)
    with grpc_lib.insecure_channel(f"127.0.0.1:{gate.port}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        answer = stub.ModelInfer(request, metadata=[*at("same").items()], timeout=10)
    (output,) = answer.outputs
    assert (output.datatype, list(output.shape)) == (kind, [2, 2])
    if kind != "BYTES":
        assert np.frombuffer(answer.raw_output_contents[0], dtype=KINDS[kind]).tolist() == flat


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.raw_input_contents.append(b"1234"),
        lambda r: r.raw_input_contents.extend([b"12345678"] * 2),
        lambda r: r.inputs[0].shape.append(-1),
        lambda r: setattr(r.inputs[0], "datatype", "FP7"),
        lambda r: r.inputs[0].contents.fp64_contents.extend([1.0, 2.0]),
        lambda r: r.inputs[0].contents.int_contents.append(1),
        lambda r: r.ClearField("inputs"),
    ],
    ids=["short", "two", "negative", "datatype", "too many", "other contents", "none"],
)
def test_a_wrong_message_is_refused(gate, spoil):
    import grpc as grpc_lib

    request = service_pb2.ModelInferRequest(model_name="iris")
    request.inputs.add(name="x", datatype="FP64", shape=[1])
    spoil(request)
    with grpc_lib.insecure_channel(f"127.0.0.1:{gate.port}") as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        with pytest.raises(grpc_lib.RpcError) as caught:
            stub.ModelInfer(request, metadata=[*at("same").items()], timeout=10)
    assert caught.value.code() == grpc_lib.StatusCode.INVALID_ARGUMENT, caught.value.details()


@pytest.mark.parametrize("body", [b"\xff" * 40, b"\x0a\xff\x01", b"\x80", b"\x0a" + b"\xff" * 12], ids=lambda b: b[:4].hex())
def test_what_is_no_message_is_refused(gate, body):
    import grpc as grpc_lib

    with grpc_lib.insecure_channel(f"127.0.0.1:{gate.port}") as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer", lambda _: body, lambda b: b)
        with pytest.raises(grpc_lib.RpcError) as caught:
            call(None, metadata=[*at("same").items()], timeout=10)
        assert caught.value.code() == grpc_lib.StatusCode.INVALID_ARGUMENT
        health = channel.unary_unary("/grpc.health.v1.Health/Check", lambda _: b"", lambda b: b)
        assert health(None, metadata=[*at("same").items()], timeout=10) == b"\x08\x01"
        other = channel.unary_unary("/some.Service/Method", lambda _: b"", lambda b: b)
        with pytest.raises(grpc_lib.RpcError) as caught:
            other(None, metadata=[*at("same").items()], timeout=10)
    assert caught.value.code() == grpc_lib.StatusCode.NOT_FOUND
    assert "GRPCInferenceService" in caught.value.details()


# ------------------------------------------------------------------------------------------------------------- description


@pytest.mark.parametrize("id_", ["iris", "picture", "named", "words", "same", "slow"])
def test_the_example_of_the_description_works(gate, replicas, id_, capsys):
    with replicas[id_].client() as client:
        (told,) = [d for d in client.get("/").json()["dialects"] if d["name"] == "grpc"]
    assert told["path"] == "/inference.GRPCInferenceService/ModelInfer"
    script = told["example"].replace("GATEWAY:PORT", f"127.0.0.1:{gate.port}").replace("TOKEN", WEB.token)
    assert '"x-mdeploy-deployment": "iris"' in script, "each replica takes itself for iris"
    exec(script.replace('deployment": "iris"', f'deployment": "{id_}"'), {})  # it is ours
    assert "array(" in capsys.readouterr().out
