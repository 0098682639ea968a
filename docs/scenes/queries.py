"""The query tester: form, table, JSON, named inputs, an answer, a refusal, and earlier queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenes.stage import Scene, Stage

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def edit(place: Locator, name: str) -> None:
    """Choose an editor."""
    place.get_by_role("radiogroup", name="Edit as").get_by_role("radio", name=name).check()


def send(place: Locator, status: str = "200 OK") -> None:
    """Send, and wait for the answer."""
    place.get_by_role("button", name="Send").click()
    place.locator(".mdl-Query-result").get_by_text(status).wait_for()


def form(stage: Stage) -> None:
    """Answer the example row in a form."""
    place = stage.show("churn", "query")
    edit(place, "Form")
    send(place)


def table(stage: Stage) -> None:
    """Answer rows of a table."""
    place = stage.show("churn", "query")
    edit(place, "Table")
    rows = place.get_by_role("button", name="Example rows")
    if rows.count():
        rows.click()
    send(place)


def json(stage: Stage) -> None:
    """Write JSON, with a fault."""
    place = stage.show("churn", "query")
    edit(place, "JSON")
    place.get_by_label("Body").fill(
        '{\n  "dataframe_split": {\n    "columns": ["months", "charge", "plan"],\n    "data": [[12, 70.5, "monthly"]\n  }\n}'
    )


def formed(stage: Stage) -> None:
    """Take the form again."""
    place = stage.place("churn")
    again = place.get_by_role("button", name="From the form")
    if again.count():
        again.click()
    edit(place, "Form")


def inputs(stage: Stage) -> None:
    """Answer named inputs."""
    place = stage.show("basket-price", "query")
    place.get_by_label("Values of prices").fill("[[3.5, 1.25, 9.9], [12, 0.8, 2.4]]")
    place.get_by_label("Values of pieces").fill("[2, 12]")
    send(place)


def refused(stage: Stage) -> None:
    """Ask what the model refuses."""
    place = stage.show("basket-price", "query")
    place.get_by_label("Values of prices").fill("[[3.5, 1.25, 9.9], [12, 0.8, 2.4]]")
    place.get_by_label("Values of pieces").fill("[-2, 12]")
    send(place, "500 Internal Server Error")
    place.locator(".mdl-Query-result").scroll_into_view_if_needed()


def past(stage: Stage) -> None:
    """Show the earlier queries."""
    place = stage.show("churn", "query")
    folded = place.locator("summary", has_text="Queries (")
    folded.click()
    folded.evaluate("part => part.scrollIntoView({block: 'start'})")


SCENES = (
    Scene("query-form", form, ("narrow", "middle", "wide")),
    Scene("query-table", table),
    Scene("query-json", json, leave=formed),
    Scene("query-inputs", inputs),
    Scene("query-refused", refused),
    Scene("query-past", past),
)
