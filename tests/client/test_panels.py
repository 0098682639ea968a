"""Parts of the interface as values of cells: our own type, HTML and text of each."""

from __future__ import annotations

import mdeploy_lab as md
from mdeploy_lab.client.mime import MIME_TYPE
from mdeploy_lab.client.panels import SHOWN_LINES, lines_html


def shown(value):
    bundle = value._repr_mimebundle_()
    assert set(bundle) == {MIME_TYPE, "text/html", "text/plain"}
    assert "<script" not in bundle["text/html"]
    assert bundle["text/plain"] == repr(value)
    return bundle[MIME_TYPE]


def test_each_view_says_which_it_is_and_of_which_deployment(served):
    views = {
        "logs": served.logs(),
        "history": served.history(),
        "events": served.events(),
        "query": served.query(),
        "form": served.form(),
    }
    for view, value in views.items():
        data = shown(value)
        assert (data["view"], data["id"], data["uid"]) == (view, "served", served.uid)
        assert "env" not in data["deployment"]["spec"]["template"]


def test_a_followed_log_is_shown_and_read(served, iris):
    followed = served.logs(follow=True, replica="none-like-it")
    assert shown(followed)["options"] == {"replica": "none-like-it"}
    assert "iterate over it" in repr(followed)
    followed.close()
    served.predict(iris[0].head(1))
    lines = served.logs(follow=True, tail=1)
    assert next(lines).message
    lines.close()


def test_a_query_with_a_body_is_still_answered(served, iris):
    answer = served.query({"dataframe_split": iris[0].head(2).to_dict(orient="split")})
    assert answer.status == 200
    assert len(answer.body["predictions"]) == 2


def test_all_deployments_are_the_grid_and_some_are_cards(client, served):
    assert shown(client.deployments())["view"] == "grid"
    data = shown(client.deployments(search="served"))
    assert (data["view"], [d["id"] for d in data["deployments"]]) == ("cards", ["served"])
    assert set(client.deployments(search="no such")._repr_mimebundle_()) == {"text/html", "text/plain"}


def test_the_form_of_a_new_deployment_takes_a_model():
    data = md.form("models:/churn/3")._repr_mimebundle_()
    assert data[MIME_TYPE] == {"base": "mdeploy/api", "view": "create", "options": {"model": "models:/churn/3"}}
    assert data["text/plain"] == "%deploy models:/churn/3 --name NAME"


def test_a_long_log_is_cut_on_a_page_and_says_so():
    html = lines_html(f"<{n}>" for n in range(SHOWN_LINES + 5))
    assert "5 lines before these" in html
    assert "&lt;204&gt;" in html
    assert "&lt;4&gt;" not in html
