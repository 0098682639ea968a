"""What the page is told when it is made."""

from __future__ import annotations

import httpx

from tests.server.jupyter import Jupyter, engine_home


def test_a_page_follows_deployments_unasked_only_in_a_home_that_has_some(tmp_path_factory):
    for used in (False, True):
        with engine_home() as home:
            if used:
                home.root.mkdir(parents=True)
                home.database.touch()
            flag = "--MDeployApp.start_engine=False"
            server = Jupyter(tmp_path_factory.mktemp("page"), home.root, command="lab", arguments=(flag,)).start()
            try:
                page = httpx.get(f"{server.url}lab?token={server.token}", follow_redirects=True, trust_env=False, timeout=30)
                assert f'"mdeployUsed": {str(used).lower()}' in page.text
            finally:
                server.stop()
