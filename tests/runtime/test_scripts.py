"""Serving scripts in real replicas: what their functions are given, what goes before and after, and how they fail."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mdeploy_lab.registry import script_model, scripts


@pytest.fixture
def script(start, tmp_path):
    """Start a replica of a script, given as a text or as files."""

    def made(text: str = "", *, files: dict[str, str] | None = None, model: Path | None = None, **options):
        folder = tmp_path / "author"
        for name, content in {"serve.py": text, **(files or {})}.items():
            if content:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(content, encoding="utf-8")
        directory = tmp_path / "staged"
        directory.mkdir()
        script_model.link(scripts.read(folder, model), directory)
        return start(directory, **options)

    return made


def ask(running, body, *, path="/invocations", **headers):
    with running.client() as client:
        return client.post(path, json=body, headers=headers)


def answered(running, body, **options):
    answer = ask(running, body, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


def failure(running):
    return running.until("exited")["failure"]


def until_logged(running, message):
    end = time.monotonic() + 10
    while True:
        found = [line for line in running.log() if line["message"] == message]
        if found or time.monotonic() > end:
            return found
        time.sleep(0.01)


def test_functions_are_given_what_they_name(script):
    running = script(
        """
def load(path):
    return (path / "weights.txt").read_text(), open("weights.txt").read()

def preprocess(rows, params):
    return [r + params["add"] for r in rows]

def predict(data, *, context, model):
    return {"data": data, "model": model, "user": context.user, "dialect": context.dialect,
            "where": [context.deployment, context.revision, context.replica]}

def postprocess(outputs, inputs):
    return {**outputs, "asked": inputs}
""",
        files={"weights.txt": "w"},
    )
    body = {"inputs": [1, 2], "params": {"add": 10}}
    assert answered(running, body, **{"x-forwarded-user": "web"}) == {
        "data": [11, 12],
        "model": ["w", "w"],
        "user": "web",
        "dialect": "invocations",
        "where": ["iris", 3, running.spec.replica],
        "asked": [1, 2],
    }


def test_the_context_shows_headers_but_no_credential(script):
    running = script("def predict(inputs, context): return context.headers")
    secrets = {"authorization": "Bearer mdp_web.s", "cookie": "c=1", "x-mdeploy-pass": "p", "x-api-token": "t"}
    headers = answered(running, {"inputs": [1]}, **secrets, **{"x-tenant": "acme"})
    assert headers["x-tenant"] == "acme"
    assert not secrets.keys() & headers.keys()


def test_lines_of_its_threads_carry_the_request(script):
    running = script(
        """
import logging, threading
from concurrent.futures import ThreadPoolExecutor
from mdeploy_lab import request_context
pool = ThreadPoolExecutor(1)
pool.submit(int).result()  # the pool's thread is older than every request

def predict(inputs):
    name = inputs[0]
    one = threading.Thread(target=lambda: print("thread of", name))
    one.start()
    one.join()
    pool.submit(logging.getLogger("pool").warning, "pool of %s", name).result()
    return [request_context().request_id]
"""
    )
    for name in ("r-1", "r-2"):
        assert answered(running, {"inputs": [name]}, **{"x-request-id": name}) == [name]
    for name in ("r-1", "r-2"):
        assert [line["request_id"] for line in until_logged(running, f"thread of {name}")] == [name]
        assert [line["request_id"] for line in until_logged(running, f"pool of {name}")] == [name]


def test_a_table_of_its_example_is_its_signature(script):
    running = script(
        """
EXAMPLE = [{"a": 1.0, "b": "x"}]
def predict(frame): return [f"{type(frame).__name__} {list(frame.columns)} {len(frame)}"]
"""
    )
    rows = [{"a": 2.0, "b": "y"}] * 3
    assert answered(running, {"dataframe_records": rows}) == ["DataFrame ['a', 'b'] 3"]
    refused = ask(running, {"dataframe_records": [{"a": 2.0}]})
    assert refused.status_code == 400
    assert "'b'" in refused.json()["message"]


def test_seldon_s_class_form(script):
    running = script(
        """
class Model:
    def __init__(self, model_uri=None):
        self.uri = model_uri
    def load(self):
        self.loaded = True
    def predict(self, X, features_names, meta=None):
        assert self.loaded and self.uri.is_dir()
        return [[type(X).__name__, list(features_names), X.tolist(), sorted(meta)]]
    def transform_output(self, X, names=None):
        return {"answer": X}
"""
    )
    body = {"dataframe_split": {"columns": ["a", "b"], "data": [[1, 2]]}}
    assert answered(running, body) == {"answer": [["ndarray", ["a", "b"], [[1, 2]], ["puid"]]]}


def test_tags_names_and_feedback_of_a_class_in_seldon_s_protocol(script):
    running = script(
        """
import threading
class Model:
    class_names = ["no", "yes"]
    def __init__(self):
        self.told = []
        self.thread = threading.get_ident()
    def predict(self, X, names, meta=None):
        return X
    def tags(self):
        return {"told": self.told}
    def send_feedback(self, features, feature_names, reward, truth, routing=None):
        assert threading.get_ident() == self.thread
        self.told.append([features.tolist(), feature_names, reward, truth.tolist()])
"""
    )
    asked = {"data": {"names": ["a", "b"], "ndarray": [[1, 2]]}}
    told = {"request": asked, "reward": 1, "truth": {"data": {"ndarray": [[0, 1]]}}}
    assert ask(running, told, path="/api/v1.0/feedback").status_code == 200
    answer = ask(running, asked, path="/api/v1.0/predictions").json()
    assert answer["data"]["names"] == ["no", "yes"]
    assert answer["meta"]["tags"] == {"told": [[[[1, 2]], ["a", "b"], 1.0, [[0, 1]]]]}
    broken = {"request": asked, "reward": 1}
    assert ask(running, broken, path="/api/v1.0/feedback").status_code == 500


def test_kserve_s_class_form_is_served_as_it_is_where_its_library_is_not_installed(script):
    running = script(
        """
import kserve
from kserve import InferRequest, ModelServer

class Doubles(kserve.Model):
    def __init__(self, name: str):
        super().__init__(name)
        self.loads = 0
        self.load()
    def load(self):
        self.loads += 1
        self.ready = True
        return self.ready
    def preprocess(self, payload, headers=None):
        return {"instances": [row[0] for row in payload["instances"]]}
    async def predict(self, payload: InferRequest, headers=None):
        return {"predictions": [[2 * v, self.name, self.loads, headers["x-tenant"]] for v in payload["instances"]]}
    def postprocess(self, result, headers=None):
        return result

if __name__ == "__main__":
    ModelServer().start([Doubles("custom-model")])
"""
    )
    with running.client(headers={"x-tenant": "acme"}) as client:
        answer = client.post("/v1/models/anything:predict", json={"instances": [[1], [2]]})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": [[2, "serve", 1, "acme"], [4, "serve", 1, "acme"]]}


def test_predict_raw_takes_and_gives_messages(script):
    running = script(
        """
class Anything:
    def predict_raw(self, message):
        return {"data": {"ndarray": [message["data"]["names"], message["data"]["ndarray"]]}}
"""
    )
    body = {"dataframe_split": {"columns": ["a"], "data": [[1]]}}
    assert answered(running, body) == [["a"], [[1]]]


def test_it_stands_before_an_mlflow_model(script, zoo):
    running = script(
        """
def preprocess(inputs): return inputs * 0 + 5
def postprocess(outputs): return {"seen": outputs}
""",
        model=zoo / "params",
    )
    assert "seen" in answered(running, {"dataframe_split": {"columns": ["x"], "data": [[1.0]]}})


def test_a_module_beside_it_and_a_coroutine(script):
    running = script(
        "import rules\nasync def predict(inputs): return rules.double(inputs)",
        files={"rules.py": "def double(x): return x * 2"},
    )
    assert answered(running, {"inputs": "ab"}) == "abab"


@pytest.mark.parametrize("example", ["[[1.0, 2.0]]", '[{"a": 1.0, "b": 2.0}]'])
def test_every_dialect_reaches_it_and_is_told_to_it(script, example):
    running = script(
        f"""
seen = []
EXAMPLE = {example}
def predict(x, context):
    seen.append(context.dialect)
    return [len(seen)] * len(x)
def tags(): return {{"seen": seen}}
"""
    )
    with running.client() as client:
        known = [d for d in client.get("/").json()["dialects"] if d["example"] and not d["binary"] and not d["note"]]
        for dialect in known:
            headers = {"content-type": dialect["content_types"][0]}
            answer = client.request(dialect["method"], dialect["path"], content=dialect["example"].encode(), headers=headers)
            assert answer.status_code == 200, (dialect["name"], answer.text)
        seen = client.post("/api/v1.0/predictions", json={"data": {"ndarray": [[1.0, 2.0]]}}).json()["meta"]["tags"]["seen"]
    assert {d["name"] for d in known} <= set(seen)
    assert len(known) > 3


def test_pieces_of_an_answer_make_a_whole_one_where_no_stream_is_asked_for(script):
    running = script(
        """
def preprocess(words): return [w.upper() for w in words]
def predict_stream(words, params):
    for word in words:
        yield word + params.get("end", "")
"""
    )
    assert answered(running, {"inputs": ["a", "b"], "params": {"end": "!"}}) == ["A!", "B!"]
    text = Path(running.spec.model_path, "MLmodel").read_text()
    assert "streamable: true" in text


@pytest.mark.parametrize(
    ("text", "reason", "message"),
    [
        ("import rules\ndef predict(x): return x", "load_failed", "rules.py, line 2, in <module>"),
        ("def load(path):\n    1 / 0\ndef predict(x): return x", "load_failed", "serve.py, line 2, in load: ZeroDivisionError"),
        ("import nowhere_to_be_found\ndef predict(x): return x", "missing_library", "'nowhere_to_be_found'"),
        ("from json import nothing\ndef predict(x): return x", "import_failed", "serve.py, line 1: ImportError"),
        ("def load(path): pass\ndef predict(x, model): return x", "load_failed", "load (serve.py, line 1) returned None"),
        ("def predict(x, model): return x", "load_failed", "predict asks for model, and nothing loads one"),
        ("def predict(x, threshold): return x", "load_failed", "predict (serve.py, line 1) asks for 'threshold'"),
        (
            "EXAMPLE = [1]\ndef predict(x):\n    return x[5]",
            "warmup_failed",
            "failed on its own example: serve.py, line 3, in predict: IndexError",
        ),
        ("EXAMPLE = [1]\ndef predict(x): pass", "warmup_failed", "predict (serve.py, line 2) returned nothing"),
    ],
)
def test_a_failure_names_the_script_s_own_line(script, text, reason, message):
    running = script(text, files={"rules.py": "x = 1\nraise ValueError('no')"} if "rules" in text else None, wait=None)
    found = failure(running)
    assert found["reason"] == reason
    assert message.removesuffix(", in <module>") in found["message"]
    assert found["hint"]
    assert "serve.py" in found["evidence"] or "serve.py" in found["message"]
    assert found["details"]["script"].endswith("author")


def test_what_it_raises_is_500_and_what_it_refuses_is_400(script):
    running = script(
        """
from mdeploy_lab.errors import InvalidInput
def predict(x):
    if not x["age"] > 0:
        raise InvalidInput("age must be above 0", hint="send years")
    return x["missing"]
"""
    )
    raised = ask(running, {"inputs": {"age": 1}})
    assert raised.status_code == 500
    assert raised.json()["message"] == "the model raised KeyError in predict (serve.py, line 6)"
    assert any('serve.py", line 6, in predict' in line["message"] for line in running.log())
    refused = ask(running, {"inputs": {"age": -1}})
    assert (refused.status_code, refused.json()["message"], refused.json()["hint"]) == (
        400,
        "age must be above 0",
        "send years",
    )
