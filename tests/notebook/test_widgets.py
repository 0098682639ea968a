"""A deployment as a widget, without a front end: its traits, and what a front end may ask of it."""

from __future__ import annotations

import pytest

from mdeploy_lab.errors import NotCapable
from mdeploy_lab.notebook import bundle
from tests.client.home import until


@pytest.fixture
def rows(iris):
    """Return the body of a query."""
    return {"dataframe_split": iris[0].head(1).to_dict(orient="split")}


@pytest.fixture
def widget(served):
    made = served.widget("query")
    yield made
    made.close()


@pytest.fixture
def front(widget, monkeypatch):
    """The other end of the widget's messages."""
    said = []
    monkeypatch.setattr(widget, "send", said.append)

    def ask(kind, **content):
        widget._relay.receive({"mdeploy": kind, **content})
        return said

    return ask


def test_traits_are_the_deployments_and_follow_it(widget, served):
    assert (widget.id, widget.state, widget.replicas, widget.url) == ("served", "deployed", 1, served.url)
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), "state")
    served.stop()
    until("the widget to see it", lambda: widget.state == "stopped")
    served.start(timeout=60)
    until("the widget to see it", lambda: widget.state == "deployed" and widget.ready == 1)
    assert seen[0] in {"stopping", "stopped"}
    assert seen[-1] == "deployed"
    assert widget.snapshot["deployment"]["status"]["state"] == "deployed"


def test_setting_replicas_scales(widget, served):
    widget.replicas = 2
    until("two replicas", lambda: widget.ready == 2, 60)
    assert served.spec.replicas == 2
    served.update(replicas=1, timeout=60)
    until("the widget to see it", lambda: widget.replicas == 1)


def test_setting_a_query_sends_it_and_a_refusal_is_one_line(widget, rows):
    widget.query = rows
    assert widget.response["status"] == 200
    assert len(widget.response["body"]["predictions"]) == 1
    widget.replicas = 5000
    assert widget.error.startswith("replicas: ")
    widget.query = {**rows, "params": {}}
    assert widget.error == ""


def test_a_front_end_asks_through_the_kernel(front):
    def answer(n):
        return until("an answer", lambda: next((m for m in front("nothing") if m.get("n") == n), None))

    front("request", n=1, method="GET", path="/deployments/served", body=None)
    assert answer(1)["body"]["id"] == "served"
    front("request", n=2, method="GET", path="/deployments/none-like-it", body=None)
    assert (answer(2)["status"], answer(2)["body"]["code"]) == (404, "deployment_not_found")
    front("request", n=3, method="CONNECT", path="http://elsewhere/", body=None)
    assert answer(3)["status"] == 422


def test_what_a_front_end_sends_through_the_kernel_is_in_the_traits(widget, front, rows):
    body = {"dialect": "invocations", "body": rows}
    front("request", n=1, method="POST", path="/deployments/served/predict", body=body)
    until("the traits", lambda: widget.query == rows and widget.response is not None)
    assert widget.response["status"] == 200


def test_a_front_end_follows_topics_in_the_words_of_the_web_socket(front, served):
    said = front("subscribe", topic="deployments")
    topics = lambda: [m["message"]["topic"] for m in said if m.get("mdeploy") == "push"]  # noqa: E731  # read again and again
    until("the greeting", lambda: {"connection", "server", "engine", "hello"} <= set(topics()))
    served.update(description="told to widgets")
    until("the change", lambda: "deployment" in topics())
    front("subscribe", topic="nothing/like/it")
    until("the refusal", lambda: "error" in topics())
    front("unsubscribe", topic="deployments")


def test_an_installation_without_the_interface_says_how_to_get_it(served, monkeypatch, tmp_path):
    monkeypatch.setattr(bundle, "_STATIC", tmp_path)
    with pytest.raises(NotCapable, match="no interface") as refused:
        served.widget()
    assert "wheel" in refused.value.hint
