"""The pages of the dashboard, and how a browser is started for them."""

import contextlib
import json
import re
import urllib.request

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
THEMES = ("light", "dark")
SIZES = {"wide": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}

FIXED = {
    "overview": "/",
    "calls": "/calls",
    "unattributed": "/unattributed",
    "campaigns": "/campaigns",
    "funnel": "/funnel",
    "conversions": "/conversions",
    "labels": "/labels",
    "agents": "/agents",
    "exports": "/exports",
    "queues": "/queues",
    "settings": "/settings",
    "sign-in": "/sign-in",
}

# Layout shifts are seen from the first paint on.
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shifts.push({ value: entry.value, at: entry.startTime, nodes: entry.sources.map((source) =>
      source.node ? `${source.node.nodeName}#${source.node.id ?? ""}.${source.node.className ?? ""}` : "?") });
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def launch(playwright):
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


@contextlib.contextmanager
def visit(notes_errors: bool = True):
    """A browser and a page of it, whose scripts must not fail.

    `notes_errors` is for pages whose every request succeeds: browsers note refused ones as errors.
    """
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        faults = []
        if notes_errors:
            page.on("console", lambda line: faults.append(f"{line.text} {line.location.get('url', '')}")
                    if line.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield browser, page
        browser.close()
        assert not faults, faults


def ended_by_leaving(request) -> bool:
    """Whether a script was still asking when its page was left, as pages that follow calls do."""
    return request.resource_type in ("fetch", "eventsource") and request.failure == "net::ERR_ABORTED"


def shifts(page) -> list[str]:
    """What has moved on a page that began with WATCH_SHIFTS."""
    return [
        f"moved by {shift['value']:.4f} at {shift['at']:.0f} ms: {shift['nodes']}"
        for shift in page.evaluate("window.shifts")
    ]


def text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def get(address: str, path: str):
    """What the API answers, read as JSON."""
    with urllib.request.urlopen(f"{address}/api/v1/{path}", timeout=30) as answer:
        return json.load(answer)


def addresses(address: str) -> dict[str, str]:
    """Every page by name; of those with an id, one that exists."""
    found = dict(FIXED)
    for name, path, pattern in (
        ("call", "/calls", r'href="(/calls/\d+)'),
        ("campaign", "/campaigns", r'href="(/campaigns/\d+)'),
        ("queue", "/queues", r'href="(/queues/[a-z]+)'),
    ):
        match = re.search(pattern, text(address + path))
        if match:
            found[name] = match.group(1)
    if "campaign" in found:
        found["recipients"] = found["campaign"] + "/recipients"
    return found
