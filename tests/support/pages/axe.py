"""Runs axe-core, the accessibility checker, in a page."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from playwright.sync_api import Frame, Page

from protocol.support_node import installed

AXE = "axe-core/axe.min.js"

RUN = """async (rules) => {
  const every = { rules: { 'target-size': { enabled: true } } };  // the only one for WCAG 2.2 AA
  const chosen = rules.length ? { runOnly: rules } : every;
  const found = await axe.run({ ...chosen, resultTypes: ['violations'] });
  return { ran: found.passes.length, violations: found.violations };
}"""
COLOURS = ("color-contrast", "link-in-text-block")
"""Rules whose outcome depends on the theme."""


@cache
def _source() -> str:
    return installed(AXE).read_text(encoding="utf-8")


def findings(page: Page | Frame, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds wrong, as lines with the rule and the element.

    Args:
        page: The page, or a frame in it.
        rules: Only these; by default all: WCAG 2.0 to 2.2 and what axe calls best practices.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: dict[str, Any] = page.evaluate(RUN, list(rules))
    assert found["ran"], "axe-core checked nothing"
    violations: list[dict[str, Any]] = found["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html'][:120]} ({node['failureSummary'][:160]})"
        for each in violations
        for node in each["nodes"]
    ]
