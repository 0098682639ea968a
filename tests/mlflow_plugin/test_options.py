"""What ``-C key=value`` means, without an engine."""

from __future__ import annotations

import inspect

import pytest

from mdeploy_lab.client.core import AsyncClient
from mdeploy_lab.client.handle import AsyncDeployment
from mdeploy_lab.errors import InvalidInput
from mdeploy_lab.mlflow_plugin.options import CHANGE, CREATE, DELETE, options


def test_texts_of_the_command_line_and_values_of_python_mean_the_same():
    texts = {
        "replicas": "2",
        "timeout": "1.5",
        "public": "True",
        "wait": "no",
        "env": "TZ=UTC,WORD=a=b",
        "metadata": '{"note": "a, b"}',
        "description": "12",
    }
    values = {
        "replicas": 2,
        "timeout": 1.5,
        "public": True,
        "wait": False,
        "env": {"TZ": "UTC", "WORD": "a=b"},
        "metadata": {"note": "a, b"},
        "description": 12,
        "group": None,
    }
    meant = {**values, "description": "12"}
    del meant["group"]
    assert options(texts, CREATE) == options(values, CREATE) == meant
    assert options(None, CREATE) == options({}, CREATE) == {}


@pytest.mark.parametrize(
    "config",
    [
        {"replicas": "two"},
        {"replicas": 1.5},
        {"replicas": True},
        {"timeout": "soon"},
        {"public": "maybe"},
        {"env": "TZ"},
        {"env": "=UTC"},
        {"env": '{"TZ": '},
        {"env": ["TZ=UTC"]},
        {"description": ["a"]},
    ],
)
def test_a_value_of_another_kind_is_refused_by_key_and_never_repeated(config):
    (key,) = config
    with pytest.raises(InvalidInput, match=f"^{key} is not ") as caught:
        options(config, CREATE)
    assert key in caught.value.details["fields"]


def test_unknown_keys_are_refused_naming_those_that_are_known():
    with pytest.raises(InvalidInput, match="'nme', 'replica'") as caught:
        options({"replica": 1, "nme": "x"}, DELETE)
    assert caught.value.hint == "known here: timeout, wait"


def test_every_key_is_an_option_of_the_clients_own_verb():
    for keys, verb in ((CREATE, AsyncClient.deploy), (CHANGE, AsyncDeployment.update), (DELETE, AsyncDeployment.delete)):
        assert keys.keys() <= inspect.signature(verb).parameters.keys()
