"""All deployments: cards, table, filters, several at once, and what is said when there is nothing to see."""

from __future__ import annotations

from scenes.stage import Scene, Stage
from tests.browser.test_panel import cut, mend


def cards(stage: Stage) -> None:
    """Show them as cards."""
    stage.grid().locator(".mdl-Card").first.wait_for()


def _view(stage: Stage, name: str) -> None:
    stage.grid().get_by_role("button", name=name, exact=True).click()


def table(stage: Stage) -> None:
    """Show them as a table."""
    _view(stage, "Table")
    stage.place().locator(".mdl-Row").first.wait_for()


def as_cards(stage: Stage) -> None:
    """Show them as cards again."""
    _view(stage, "Cards")


def filters(stage: Stage) -> None:
    """Choose two filters and leave their menu open."""
    place = stage.grid()
    place.get_by_role("button", name="Add filter").click()
    for state in ("Deployed", "Failed"):
        stage.page.get_by_role("checkbox", name=state, exact=True).check()


def unfiltered(stage: Stage) -> None:
    """Take all filters away."""
    stage.page.keyboard.press("Escape")
    place = stage.grid()
    place.get_by_label("Search deploy name").fill("")
    chips = place.get_by_role("button", name="Remove the filter")
    while chips.count():
        chips.first.click()


def nothing(stage: Stage) -> None:
    """Search for what is not there."""
    stage.grid().get_by_label("Search deploy name").fill("price of gold")


def selection(stage: Stage) -> None:
    """Select some."""
    place = stage.grid()
    for name in ("churn", "tumours", "diabetes"):
        one = place.locator(f'.mdl-Card[data-id="{name}"]')
        one.scroll_into_view_if_needed()
        one.focus()
        stage.page.keyboard.press("Space")
    place.get_by_text("3 selected").wait_for()
    place.locator(".mdl-Card").first.scroll_into_view_if_needed()


def unselected(stage: Stage) -> None:
    """Select none."""
    stage.grid().get_by_role("button", name="Clear the selection").click()


def line(stage: Stage) -> None:
    """Show the line that does the same as a button."""
    place = stage.grid()
    place.locator('.mdl-Card[data-id="churn"]').get_by_role("button", name="Show the %deploy line").first.click()


def away(stage: Stage) -> None:
    """Lose the connection."""
    place = stage.grid()
    cut(stage.page)
    place.get_by_text("What you see is old").first.wait_for()


def back(stage: Stage) -> None:
    """Find the connection again."""
    mend(stage.page)
    stage.place().locator(".mdl-Card:not(.mdl-mod-old)").first.wait_for()


SCENES = (
    Scene("grid", cards, ("narrow", "middle", "wide")),
    Scene("grid-table", table, ("wide",), as_cards),
    Scene("grid-filters", filters, leave=unfiltered),
    Scene("grid-nothing", nothing, leave=unfiltered),
    Scene("grid-selection", selection, leave=unselected),
    Scene("grid-line", line, ("narrow",)),
    Scene("grid-away", away, leave=back),
)
