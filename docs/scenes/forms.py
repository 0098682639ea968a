"""The forms that create and update."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenes.stage import Scene, Stage

if TYPE_CHECKING:
    from playwright.sync_api import Locator


def form(stage: Stage, **route: str) -> Locator:
    """Open an empty form."""
    stage.command("mdeploy:create", wide=stage.wide, **route)
    found = stage.place().locator(".mdl-Form")
    found.wait_for()
    stage.settle(found)
    return found


def create(stage: Stage) -> None:
    """Show it as it comes."""
    form(stage).locator(".mdl-Picks").first.wait_for()


def versions(stage: Stage) -> None:
    """Choose a version of a registered model."""
    found = form(stage)
    found.get_by_role("button", name="churn").first.click()
    found.get_by_role("radio", name="Version 3").check()
    found.get_by_label("Deployment Name").fill("Churn of the shop")
    stage.page.wait_for_timeout(500)
    stage.to(found.locator(".mdl-Part").first)


def quota(stage: Stage) -> None:
    """Ask for more than there is."""
    found = form(stage, model="models:/churn/3")
    found.get_by_label("Deployment Name").fill("Churn of the shop")
    found.get_by_label("Group").select_option("clinic")
    found.get_by_label("Replicas*", exact=True).fill("6")
    found.get_by_text("too little").first.wait_for()
    stage.to(found.locator(".mdl-Part", has_text="Environment Settings").first)


def wrong(stage: Stage) -> None:
    """Send what cannot be sent."""
    found = form(stage, model="models:/churn/3")
    found.get_by_label("Deployment ID").fill("Not an id")
    found.get_by_label("Replicas*", exact=True).fill("0")
    found.get_by_role("button", name="Deploy", exact=True).click()
    stage.page.wait_for_timeout(500)
    stage.to(found.locator(".mdl-Form-summary").first)


def _update(stage: Stage) -> Locator:
    place = stage.show("churn")
    button = place.get_by_role("button", name="Update churn", exact=True)
    if not button.first.is_visible():
        place.get_by_role("button", name="Actions").click()
        button = stage.page.get_by_role("button", name="Update churn", exact=True)
    button.first.click()
    found = place.locator(".mdl-Form")
    found.wait_for()
    stage.settle(found)
    return found


def update(stage: Stage) -> None:
    """Show what may change and what may not."""
    stage.to(_update(stage).locator(".mdl-Part", has_text="Deployment Details").first)


def changed(stage: Stage) -> None:
    """Change what makes a new revision."""
    found = _update(stage)
    found.get_by_role("button", name="Add variable").click()
    found.get_by_label("Name 2").first.fill("CURRENCY")
    found.get_by_label("Value 2").first.fill("EUR")
    found.get_by_label("Update Message").fill("prices in euros")
    found.get_by_text("This makes a new revision").evaluate("part => part.scrollIntoView({block: 'end'})")


SCENES = (
    Scene("create", create, ("narrow", "middle", "wide")),
    Scene("create-model", versions),
    Scene("create-quota", quota),
    Scene("create-wrong", wrong),
    Scene("update", update),
    Scene("update-revision", changed),
)
