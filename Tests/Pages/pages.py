"""The pages of the dashboard, and how a browser is started for them."""

import re
import urllib.request

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


def launch(playwright):
    return playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])


def text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


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
