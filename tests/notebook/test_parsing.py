"""A magic's line: words, verbs, variables, mistakes."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError

from mdeploy_lab.notebook.parsing import HelpShown, parse
from mdeploy_lab.notebook.variables import holds_model, model_names, model_of, value_of


class Fitted:
    def predict(self, rows):
        return rows


class Prickly:
    @property
    def predict(self):
        raise RuntimeError


def values(line):
    verb, found = parse(line)
    return verb.name, {k: v for k, v in found.items() if v not in (None, False, [], ())}


@pytest.mark.parametrize(
    ("line", "verb", "found"),
    [
        ("clf --name churn", "deploy", {"model": "clf", "name": "churn"}),
        ('clf --name "a b" -m \'c "d"\'', "deploy", {"model": "clf", "name": "a b", "message": 'c "d"'}),
        ("clf --env A=1 --env B=x=y --public", "deploy", {"model": "clf", "env": {"A": "1", "B": "x=y"}, "public": True}),
        ("models:/churn/3 --no-wait", "deploy", {"model": "models:/churn/3"}),
        ("show churn", "get", {"id": "churn"}),
        ("logs churn -f --tail 5", "logs", {"id": "churn", "follow": True, "tail": 5}),
        ("rollback churn --to 1", "rollback", {"id": "churn", "to": 1}),
        ("traffic churn 2=90 3=10", "traffic", {"id": "churn", "shares": ["2=90", "3=10"]}),
        ("diff churn 1 2", "diff", {"id": "churn", "before": 1, "after": 2}),
        ("predict churn X.head()", "predict", {"id": "churn", "data": "X.head()"}),
        ("wait churn stopped", "wait", {"id": "churn", "state": "stopped"}),
        ("wait churn --for stopped", "wait", {"id": "churn", "state": "stopped"}),
        ("clients churn", "clients list", {"id": "churn"}),
        ("clients add churn web", "clients add", {"id": "churn", "name": "web"}),
        ("clients churn add web", "clients add", {"id": "churn", "name": "web"}),
    ],
)
def test_lines(line, verb, found):
    name, seen = values(line)
    assert name == verb
    assert {k: v for k, v in seen.items() if k != "positional_state"} == found


def test_an_empty_line_is_the_grid():
    assert parse("  ") is None


def test_a_verb_wins_over_a_variable_of_its_name():
    assert parse("stop churn")[0].name == "stop"


@pytest.mark.parametrize(
    "line",
    [
        "stop",
        "clf --nope",
        'clf --name "open',
        "rollback churn",
        "logs churn --tail many",
        "clients",
        "clf --env A",
        "wait churn happy",
    ],
)
def test_a_mistake_is_a_usage_error_of_ipythons_own(line):
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert type(caught.value) is UsageError


def test_help_is_shown(capsys):
    with pytest.raises(HelpShown):
        parse("rollback --help")
    assert "--to" in capsys.readouterr().out


def test_variables_that_hold_models():
    import math

    space = {"clf": Fitted(), "Fitted": Fitted, "math": math, "x": 3, "_old": Fitted(), "prickly": Prickly()}
    assert model_names(space) == ["clf"]
    assert not holds_model(Prickly())


def test_a_word_is_a_variable_a_reference_or_an_expression(tmp_path):
    clf = Fitted()
    space = {"clf": clf, "models": {"best": clf}, "uri": "models:/a/1"}
    assert model_of("clf", space) is clf
    assert model_of("models['best']", space) is clf
    assert model_of("uri", space) == "models:/a/1"
    assert model_of("models:/churn/3", space) == "models:/churn/3"
    assert model_of("./here", space) == "./here"
    assert model_of(str(tmp_path), space) == str(tmp_path)


def test_an_unknown_variable_has_near_ones_as_the_hint():
    with pytest.raises(UsageError, match="did you mean clf") as caught:
        model_of("clff", {"clf": Fitted()})
    assert str(caught.value).startswith("there is no variable 'clff'\n\nhint: ")
    with pytest.raises(UsageError, match="models:/NAME/VERSION"):
        model_of("clff", {})
    with pytest.raises(UsageError, match="did you mean X_test"):
        value_of("X_tst.head()", {"X_test": 1})
    with pytest.raises(UsageError, match="ZeroDivisionError"):
        value_of("1/0", {})
