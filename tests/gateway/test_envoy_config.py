"""Golden files of the whole configuration, and what must hold in it for any routes."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdeploy_lab.gateway.base import Credential, Unavailable
from mdeploy_lab.gateway.envoy_config import Tables, bootstrap, listener_document, probe_document
from mdeploy_lab.gateway.envoy_settings import EnvoySettings, allowed_hosts

from .conftest import route

GOLDEN = Path(__file__).parent / "golden"
WEB = Credential(client="web", key_id="k1k1k1", sha1="c2hhMQ==")
WEB2 = Credential(client="web", key_id="k2k2k2", sha1="c2hhMg==")

SETTINGS = EnvoySettings(
    node="NODE",
    proof="PROOF",
    bind="127.0.0.1",
    port=20123,
    hosts=allowed_hosts("127.0.0.1", "https://models.example.org/x"),
    suffix="mdeploy.localhost",
    jwks={"keys": [{"kty": "EC", "crv": "P-256", "x": "X", "y": "Y", "alg": "ES256", "use": "sig", "kid": "K"}]},
    private_socket="/run/mdeploy/gw.sock",
    probe_socket="/run/mdeploy/gw-probe.sock",
    admin_socket="/run/mdeploy/gw-admin.sock",
    directory="/run/mdeploy/envoy",
    access_log="/run/mdeploy/gw-access.log",
)

ROUTES = [
    route("churn", "tcp:127.0.0.1:4001", "tcp:127.0.0.1:4002", secret="s3cret").model_copy(
        update={"credentials": (WEB, WEB2), "api_name": "Churn_v1"}
    ),
    route("churn-prod", weights={2: (90, ["unix:/run/a"]), 3: (10, ["unix:/run/b"]), 4: (0, ["unix:/run/c"])}, retry=False),
    route("open", "unix:/run/d", public=True, timeout=600),
    route("stopped", weights={1: (0, [])}, unavailable=Unavailable(reason="stopped", message="it is stopped", hint="start it")),
]


def documents(settings=SETTINGS, routes=ROUTES):
    table = {r.uid: r for r in routes}
    tables = Tables(settings)
    made = {
        "listeners": listener_document(settings),
        "clusters": tables.clusters(table),
        "public": tables.routes(table, "public"),
        "private": tables.routes(table, "private"),
    }
    made["probe"] = probe_document(made["clusters"], made["public"], made["private"])
    return made


@pytest.mark.parametrize("name", ["bootstrap", "listeners", "clusters", "public", "private", "probe"])
def test_the_configuration_is_as_reviewed(name):
    text = bootstrap(SETTINGS) if name == "bootstrap" else documents()[name].text
    pretty = json.dumps(json.loads(text), indent=1) + "\n"
    file = GOLDEN / f"{name}.json"
    if os.environ.get("MDEPLOY_GOLDEN"):
        file.write_text(pretty)
    command = "MDEPLOY_GOLDEN=1 python -m pytest tests/gateway/test_envoy_config.py"
    assert file.exists(), f"{file.name} is missing: {command}"
    assert file.read_text() == pretty, f"{file.name} differs; look at the change, then: {command}"


def test_equal_content_is_an_equal_version_and_order_does_not_matter():
    forward, backward = documents(), documents(routes=ROUTES[::-1])
    assert forward == backward
    changed = documents(routes=[*ROUTES[1:], ROUTES[0].model_copy(update={"public": True})])
    assert changed["public"].version != forward["public"].version
    assert changed["private"].version == forward["private"].version
    assert changed["clusters"].version == forward["clusters"].version
    assert changed["probe"].version != forward["probe"].version


def test_no_secret_of_a_client_or_key_is_in_the_listeners():
    text = documents()["listeners"].text + bootstrap(SETTINGS)
    assert "s3cret" not in text
    assert WEB.sha1 not in text


def entries(document):
    table = json.loads(document.text)["resources"][0]
    for host in table["virtual_hosts"]:
        for entry in host["routes"]:
            yield host, entry


IDS = st.from_regex(r"[a-z0-9][a-z0-9-]{1,20}[a-z0-9]", fullmatch=True)


@settings(deadline=None)
@given(st.lists(st.tuples(IDS, st.booleans(), st.booleans()), max_size=6, unique_by=lambda t: t[0]))
def test_whatever_leads_to_a_private_deployment_asks_for_its_clients(specs):
    routes = [
        route(id_, "unix:/run/x", public=public, clients=()).model_copy(update={"credentials": (WEB,) if known else ()})
        for id_, public, known in specs
    ]
    public = {r.id for r in routes if r.public}
    made = documents(routes=routes)
    for host, entry in entries(made["public"]):
        access = {**host.get("typed_per_filter_config", {}), **entry.get("typed_per_filter_config", {})}
        if "route" not in entry:
            continue
        users = access["mdeploy.basic_auth"].get("users", {}).get("inline_string")
        assert (users is None) == (entry["name"] in public)
    for _, entry in entries(made["private"]):
        if "route" in entry:
            audience = json.dumps(entry["typed_per_filter_config"]["mdeploy.pass_audience"])
            assert f'"exact": "uid-{entry["name"]}"' in audience


def test_hosts_are_this_machine_the_bound_address_and_the_public_url():
    assert allowed_hosts("10.0.0.5", "https://Models.Example.org:8443/x") == (
        "10.0.0.5",
        "127.0.0.1",
        "[::1]",
        "localhost",
        "models.example.org",
    )
    assert allowed_hosts("::1", "") == ("127.0.0.1", "[::1]", "localhost")
