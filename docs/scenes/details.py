"""One deployment: its overview in several states, its log, history, clients and events."""

from __future__ import annotations

from collections.abc import Callable

from scenes.stage import Scene, Stage


def tab(id_: str, name: str, then: Callable[[Stage], object] | None = None) -> Callable[[Stage], None]:
    """Return how a tab is shown."""

    def show(stage: Stage) -> None:
        stage.show(id_, name)
        if then is not None:
            then(stage)

    return show


def evidence(stage: Stage) -> None:
    """Open what a failure rests on."""
    stage.place("card-fraud").get_by_text("Evidence", exact=True).click()


def scrolled(stage: Stage, id_: str, title: str) -> None:
    """Scroll to a part of the overview."""
    part = stage.place(id_).get_by_role("region", name=title, exact=True)
    stage.to(part)


def example(stage: Stage) -> None:
    """Scroll to the example that can be run."""
    scrolled(stage, "churn", "Run an Example")
    stage.place("churn").locator(".mdl-Line-code").first.wait_for()


def traffic(stage: Stage) -> None:
    """Scroll to how the traffic is split."""
    scrolled(stage, "churn", "Traffic")


def lines(stage: Stage) -> None:
    """Wait for the log."""
    stage.place("basket-price").get_by_text("there is no price").first.wait_for()


def search(stage: Stage) -> None:
    """Search in the log."""
    lines(stage)
    field = stage.place("basket-price").get_by_role("searchbox", name="Search in the log")
    field.fill("basket of")
    field.press("Enter")


def unsearched(stage: Stage) -> None:
    """Search for nothing."""
    stage.place("basket-price").get_by_role("searchbox", name="Search in the log").fill("")


def compared(stage: Stage) -> None:
    """Compare the first entry with the one of the forest."""
    place = stage.place("churn")
    place.get_by_text("From entry").wait_for()
    for number in (7, 6):
        box = place.get_by_label(f"Compare entry {number}", exact=True)
        if box.count() and box.is_checked():
            box.uncheck()
    for number in (1, 2):
        place.get_by_label(f"Compare entry {number}", exact=True).check()
    place.get_by_text("From entry 1 to entry 2").evaluate("head => head.scrollIntoView({block: 'start'})")
    place.get_by_role("region", name="Model against model").wait_for()


def entry(stage: Stage) -> None:
    """View one entry."""
    stage.place("churn").get_by_role("button", name="View entry 2").click()
    stage.page.get_by_role("dialog").wait_for()


def rollback(stage: Stage) -> None:
    """Ask what a rollback would change."""
    stage.place("churn").get_by_role("button", name="Roll back to revision 1").first.click()
    stage.page.get_by_role("dialog").get_by_text("A new revision").wait_for()


def token(stage: Stage) -> None:
    """Add a client; its token is not what is pictured."""
    place = stage.place("churn")
    place.get_by_label("Client Name").fill("dashboard")
    place.get_by_role("button", name="Add client", exact=True).click()
    shown = stage.page.get_by_role("dialog").locator(".mdl-Token")
    shown.wait_for()
    shown.evaluate("code => { code.firstChild.nodeValue = 'mdp_dashboard.EXAMPLE-not-a-token-EXAMPLE-not-a-token'; }")


def revoked(stage: Stage) -> None:
    """Delete that client."""
    for _ in range(2):
        stage.page.get_by_role("dialog").get_by_role("button", name="Close").last.click()
        stage.page.wait_for_timeout(200)
        if not stage.page.get_by_role("dialog").count():
            break
    stage.client.get("churn").clients.remove("dashboard")


def delete(stage: Stage) -> None:
    """Ask whether it is to be deleted."""
    place = stage.place("tumours")
    button = place.get_by_role("button", name="Delete tumours", exact=True)
    if not button.is_visible():
        place.get_by_role("button", name="Actions").click()
        button = stage.page.get_by_role("button", name="Delete tumours", exact=True)
    button.click()


SCENES = (
    Scene("overview", tab("churn", "overview"), ("narrow", "middle", "wide")),
    Scene("overview-traffic", tab("churn", "overview", traffic), ("wide",)),
    Scene("overview-example", tab("churn", "overview", example)),
    Scene("failed", tab("card-fraud", "overview", evidence)),
    Scene("deploying", tab("image-tags", "overview")),
    Scene("stopped", tab("diabetes", "overview"), ("narrow",)),
    Scene("delete", tab("tumours", "overview", delete), ("wide",)),
    Scene("logs", tab("basket-price", "logs", lines), ("narrow", "middle", "wide")),
    Scene("logs-search", tab("basket-price", "logs", search), ("wide",), unsearched),
    Scene("history", tab("churn", "history"), ("narrow", "middle", "wide")),
    Scene("history-diff", tab("churn", "history", compared)),
    Scene("history-entry", tab("churn", "history", entry), ("wide",)),
    Scene("rollback", tab("churn", "history", rollback), ("wide",)),
    Scene("clients", tab("churn", "clients")),
    Scene("clients-token", tab("churn", "clients", token), ("wide",), revoked),
    Scene("events", tab("churn", "events")),
)
