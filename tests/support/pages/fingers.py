"""Fingers on a page: real touches, which the browser may take for scrolling or zooming."""

from collections.abc import Sequence

from playwright.sync_api import Page

Place = tuple[float, float]


def drag(page: Page, *paths: Sequence[Place]) -> None:
    """Put one finger down for each path, move them together, and lift them.

    Args:
        page: A page of a context with touch.
        *paths: The places of each finger, as many for all, in CSS pixels of the window.
    """
    session = page.context.new_cdp_session(page)
    for step, places in enumerate(zip(*paths, strict=True)):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        kind = "touchMove" if step else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def line(start: Place, end: Place, steps: int = 8) -> list[Place]:
    """Return places on a straight line."""
    (ax, ay), (bx, by) = start, end
    return [(ax + (bx - ax) * i / steps, ay + (by - ay) * i / steps) for i in range(steps + 1)]
