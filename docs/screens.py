"""Take a picture of every screen of the interface, narrow, middling and wide, light and dark, into docs/images: `make screens`.

Everything in the pictures is real: an engine, models on real data, a JupyterLab, Debian's Chromium.
Words choose screens: `make screens ARGS='grid logs'`.
"""  # noqa: INP001  # a script of the documentation

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402  # after the path of this repository
from scenes import cells, details, elsewhere, forms, grids, queries  # noqa: E402
from scenes.seed import CONFIG, PEOPLE, become, seed  # noqa: E402
from scenes.stage import IMAGES, SIZE, Scene, Stage  # noqa: E402

from mdeploy_lab.client.sync import Client  # noqa: E402
from tests.browser.conftest import CHROMIUM, FLAGS, KEEP_SOCKETS, ready  # noqa: E402
from tests.server.jupyter import Jupyter, engine_home  # noqa: E402

SCENES: tuple[Scene, ...] = (*grids.SCENES, *forms.SCENES, *details.SCENES, *queries.SCENES, *cells.SCENES, *elsewhere.SCENES)


@contextmanager
def stage() -> Iterator[Stage]:
    """Run an engine with deployments, a JupyterLab, and a browser that shows it."""
    folder = Path(tempfile.mkdtemp(prefix="screens"))
    with engine_home() as home:
        home.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.config.write_text(CONFIG, encoding="utf-8")
        lab = Jupyter(
            folder,
            home.root,
            command="lab",
            arguments=("--LabApp.expose_app_in_browser=True", "--JupyterNotebookApp.expose_app_in_browser=True"),
            environment={"LOGNAME": PEOPLE[0]},
        )
        become(PEOPLE[1])
        colleague = Client(home=home.root)
        become(PEOPLE[0])
        with colleague, Client(home=home.root) as client:
            try:
                seed(client, colleague, folder, home)
                profile = folder / "ipython" / "profile_default"
                profile.mkdir(parents=True)
                shutil.copy(ROOT / "ipython-config" / "ipython_kernel_config.py", profile)  # as the wheel installs it
                lab.start()
                yield from on_stage(lab, client, home.root)
            finally:
                lab.stop()
                shutil.rmtree(folder, ignore_errors=True)


def on_stage(lab: Jupyter, client: Client, home: Path) -> Iterator[Stage]:
    """Open the browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport=SIZE, permissions=["clipboard-read", "clipboard-write"])
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.add_init_script(KEEP_SOCKETS)
        ready(page, lab)
        yield Stage(page, lab, client, home)
        browser.close()


def main(words: list[str]) -> int:
    """Take the pictures of the screens whose names hold one of these words, or of all; returns how many could not be taken."""
    IMAGES.mkdir(exist_ok=True)
    failed = 0
    with stage() as made:
        for scene in SCENES:
            if words and not any(word in scene.name for word in words):
                continue
            try:
                scene.take(made)
            except Exception as error:  # noqa: BLE001  # the others are taken all the same, and this is told
                failed += 1
                print(f"{scene.name}: {error}", file=sys.stderr)  # noqa: T201
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
