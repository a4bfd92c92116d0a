"""Checks the pages of a running dashboard in a browser: no console error, no WCAG 2.2 A or AA
violation (axe), no sideways scrolling, in light and dark, wide and phone.

Usage: check.py ADDRESS [PAGE ...]

Ends with 1 and one line for each fault.
"""

import sys

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

import pages

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def violations(axe: Axe, page) -> list[str]:
    found = axe.run(page, options={"runOnly": {"type": "tag", "values": RULES}})
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')[:160]!r}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def chart_or_table(page) -> list[str]:
    """Of each chart and its table one is to be seen, the one whose button is pressed."""
    faults = []
    for panel in page.locator(".panel:has([data-chart])").all():
        chart = panel.locator("[data-chart]")
        for shown in ("table", "chart"):
            panel.locator(f"[data-show={shown}]").click()
            for kind, part in (("chart", "canvas"), ("table", ".scroll")):
                if chart.locator(part).is_visible() != (kind == shown):
                    faults.append(f"with {shown} chosen the {kind} of {chart.get_attribute('data-chart')} is wrong")
    return faults


def accessible(page) -> None:
    found = violations(Axe(), page)
    assert not found, found


def check(browser, address: str, wanted: set[str]) -> list[str]:
    faults = []
    axe = Axe()
    for theme in pages.THEMES:
        for size, viewport in pages.SIZES.items():
            context = browser.new_context(viewport=viewport, color_scheme=theme)
            page = context.new_page()
            said = []
            page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("requestfailed", lambda request: said.append(f"{request.url} {request.failure}")
                    if not pages.ended_by_leaving(request) else None)
            for name, path in pages.addresses(address).items():
                if wanted and name not in wanted:
                    continue
                where = f"{name} {theme} {size}"
                page.goto(address + path, wait_until="load")
                if name == "queues":
                    # Filled by its script; a stack always has schedules.
                    page.locator("[data-schedules] tbody tr").first.wait_for()
                faults += [f"{where}: {fault}" for fault in violations(axe, page)]
                faults += [f"{where}: {fault}" for fault in chart_or_table(page)]
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    faults.append(f"{where}: wider than the window")
                faults += [f"{where}: console: {text}" for text in said]
                said.clear()
            context.close()
    return faults


def main() -> int:
    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        faults = check(browser, sys.argv[1], set(sys.argv[2:]))
        browser.close()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
