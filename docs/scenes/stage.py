"""Where pictures are taken: a JupyterLab with a panel of some width or a tab of the main area, in a theme."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from mdeploy_lab.client.sync import Client
from tests.browser.conftest import open_panel
from tests.browser.test_panel import resize, use_theme
from tests.server.jupyter import ROOT, Jupyter

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Locator, Page

IMAGES = ROOT / "docs" / "images"
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
WIDTHS = {"narrow": 260, "middle": 600}
"""Pixels of the panel; ``wide`` is a tab of the main area, or the whole window."""
SIZE = {"width": 1280, "height": 800}
COLOURS = 128
MOST_BYTES = 80_000
PANEL = "#mdeploy-deployments"
HIDE = """
pairs => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const text = pairs.reduce((text, [from, to]) => text.replaceAll(from, to), node.nodeValue);
    if (text !== node.nodeValue) node.nodeValue = text;
  }
}
"""
"""Directories of the machine that takes the pictures are not what they are about."""


@dataclass
class Stage:
    """A page of JupyterLab, and what runs behind it."""

    page: Page
    lab: Jupyter
    client: Client
    home: Path
    size: str = "wide"

    def command(self, name: str, **args: Any) -> None:
        """Run a command of JupyterLab without waiting for its end."""
        self.page.evaluate("([name, args]) => void window.jupyterapp.commands.execute(name, args)", [name, args])

    @property
    def wide(self) -> bool:
        """Whether a screen is shown in the main area."""
        return self.size == "wide"

    def place(self, name: str = "") -> Locator:
        """Return what holds a screen: the panel, or the tab of all deployments or of one."""
        return self.page.locator(PANEL if not self.wide else f"#mdeploy-main-{name}" if name else "#mdeploy-main")

    def lay(self, size: str) -> None:
        """Make room of a size."""
        self.size = size
        if self.wide:
            self.page.evaluate("window.jupyterapp.shell.collapseLeft()")
            return
        self.page.evaluate("window.jupyterapp.shell.expandLeft()")
        open_panel(self.page)
        resize(self.page, WIDTHS[size])

    def show(self, id_: str, tab: str = "overview") -> Locator:
        """Show a tab of a deployment's details."""
        self.command("mdeploy:show", id=id_, tab=tab, wide=self.wide)
        place = self.place(id_)
        place.locator("[role=tabpanel]").first.wait_for()
        self.settle(place)
        return place

    def grid(self) -> Locator:
        """Show all deployments."""
        self.command("mdeploy:open-main" if self.wide else "mdeploy:open")
        place = self.place()
        place.locator(".mdl-App").wait_for()
        for label in ("Back to the details", "All deployments"):
            button = place.get_by_role("button", name=label)
            if button.count():
                button.first.click()
        place.locator(".mdl-GridHead").wait_for()
        return place

    def settle(self, place: Locator) -> None:
        """Wait until nothing loads any more."""
        self.page.wait_for_timeout(150)
        place.locator("[aria-busy=true]").first.wait_for(state="detached")

    def clean(self) -> None:
        """Close whatever a screen left open."""
        page = self.page
        for _ in range(2):
            page.keyboard.press("Escape")
        cancel = page.get_by_role("dialog").get_by_role("button", name="Cancel")
        if cancel.count():
            cancel.first.click()
        for label in ("All deployments", "Back to the details"):
            for place in (page.locator(PANEL), page.locator("#mdeploy-main")):
                button = place.get_by_role("button", name=label)
                if button.count() and button.first.is_visible():
                    button.first.click()
                    self._discard()
        page.evaluate("""() => {
          for (const widget of [...window.jupyterapp.shell.widgets('main')]) {
            const model = widget.context?.model;
            if (model) model.dirty = false;
            widget.close();
          }
        }""")
        self._discard()

    def _discard(self) -> None:
        self.page.wait_for_timeout(200)
        leave = self.page.get_by_role("dialog").get_by_role("button", name=re.compile("^(Leave|Discard)$"))
        if leave.count():
            leave.first.click()
            self.page.wait_for_timeout(200)

    def keep(self, name: str) -> None:
        """Take the picture, light and dark."""
        for theme, title in THEMES.items():
            use_theme(self.page, title)
            self.page.wait_for_selector("#jupyterlab-splash", state="detached")
            self.page.wait_for_timeout(400)
            hidden = [(str(ROOT), "~/lab"), (str(self.home), "~/.mdeploy"), (str(self.lab.folder), "~")]
            self.page.evaluate(HIDE, hidden)
            clip = None if self.wide else self._clip()
            save(self.page, IMAGES / f"{name}-{self.size}-{theme}.png", clip)
        use_theme(self.page, THEMES["light"])
        self.page.wait_for_selector("#jupyterlab-splash", state="detached")

    def _clip(self) -> FloatRect | None:
        """Return where the panel is, and what has opened over its edge."""
        boxes = [each.bounding_box() for each in self.page.locator(f"{PANEL}, .mdl-Popover:visible").all()]
        seen = [box for box in boxes if box is not None]
        left, top = min(box["x"] for box in seen), min(box["y"] for box in seen)
        right, bottom = max(box["x"] + box["width"] for box in seen), max(box["y"] + box["height"] for box in seen)
        return {"x": left, "y": top, "width": right - left, "height": bottom - top}

    def to(self, part: Locator) -> None:
        """Scroll to a part."""
        part.evaluate("part => part.scrollIntoView({block: 'start'})")


def save(page: Page, path: Path, clip: FloatRect | None = None) -> None:
    """Save what is seen, with as many colours as keep the file small."""
    shot = Image.open(io.BytesIO(page.screenshot(**({"clip": clip} if clip else {})))).convert("RGB")
    for colours in (COLOURS, COLOURS // 2, COLOURS // 4):
        # Covering the most colours rather than the most pixels: a state's small dot keeps its own.
        few = shot.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path.name} {path.stat().st_size // 1000} kB", flush=True)  # noqa: T201


@dataclass(frozen=True)
class Scene:
    """A screen: how it is brought about, and in which sizes it is taken."""

    name: str
    show: Callable[[Stage], object]
    sizes: tuple[str, ...] = ("narrow", "wide")
    leave: Callable[[Stage], object] | None = field(default=None)

    def take(self, stage: Stage) -> None:
        """Take the pictures of this screen."""
        for size in self.sizes:
            stage.lay(size)
            try:
                self.show(stage)
                stage.page.wait_for_timeout(300)
                stage.keep(self.name)
            finally:
                if self.leave is not None:
                    self.leave(stage)
                stage.clean()
