"""Takes a picture of every page of a running dashboard, light and dark, wide and phone; and of what
stands on a page only after a click, of a failed address, of a first run, and of narrow windows.

Usage: screenshots.py ADDRESS FOLDER [PICTURE ...]

What the store has none of (no dead job, no label) has no picture. For the first run it starts a
redis-server and build/server of its own.
"""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

from playwright.sync_api import sync_playwright

import pages

NARROW = {"width": 320, "height": 640}
SERVER = pathlib.Path(__file__).parents[2] / "build" / "server"


def opened(page, words: str) -> None:
    page.locator("summary", has_text=words).first.click()


def drawer(page) -> None:
    page.locator("#calls tr[data-call] a[data-open]").nth(3).click()
    page.locator("[data-drawer-body] [data-detail]").wait_for()


def folded(page) -> None:
    # Phones have no rail.
    if page.locator("[data-action=rail]").is_visible():
        page.locator("[data-action=rail]").click()


def menu(page) -> None:
    # Only narrow windows have one.
    if page.locator(".menu-open").is_visible():
        page.locator(".menu-open").click()


# What is seen only after something was done: the picture's name, its page, and what is done.
STATES = {
    "overview-keys": ("overview", lambda page: page.keyboard.press("?")),
    "overview-menu": ("overview", menu),
    "overview-folded": ("overview", folded),
    "overview-table": ("overview", lambda page: page.locator("[data-show=table]").click()),
    "overview-cards": ("overview", lambda page: opened(page, "Views and cards")),
    "overview-days": ("overview", lambda page: opened(page, "Choose days")),
    "overview-compare": ("overview", lambda page: opened(page, "Compare")),
    "overview-meaning": ("overview", lambda page: page.locator("#card-success .tip summary").click()),
    "overview-note": ("overview", lambda page: opened(page, "Note something on a day")),
    "overview-focus": ("overview", lambda page: [page.keyboard.press("Tab") for _ in range(16)]),
    "calls-drawer": ("calls", drawer),
    "calls-columns": ("calls", lambda page: opened(page, "Columns and views")),
    "calls-selected": ("calls", lambda page: page.locator("#calls [data-pick]").nth(2).check()),
    "campaigns-new": ("campaigns", lambda page: opened(page, "New campaign")),
    "campaigns-import": ("campaigns", lambda page: opened(page, "Import recipients")),
    "settings-all": ("settings", lambda page: opened(page, "Every setting")),
    "queue-table": ("queue", lambda page: page.locator("[data-show=table]").click()),
}


def found(address: str) -> dict[str, str]:
    """Every page, and those that something else leads to."""
    places = pages.addresses(address)
    places["overview-year"] = "/?range=365d"
    places["overview-filtered"] = "/?range=7d&campaign=none"
    places["calls-empty"] = "/calls?outcome=failure&q=zebra"
    places["calls-all-columns"] = "/calls?columns=" + "&columns=".join(
        ["time", "caller", "direction", "agent", "campaign", "outcome", "conversion", "turns",
         "duration", "rating", "mood", "cost", "summary"])
    places["error"] = "/nothing/is/here"
    places["error-call"] = "/calls/999999999"

    def first(name: str, path: str, pattern: str) -> None:
        match = re.search(pattern, pages.text(address + path))
        if match:
            places[name] = match.group(1).replace("&amp;", "&")

    first("call-converted", "/calls?conversion=yes&outcome=success", r'href="(/calls/\d+)')
    first("call-failure", "/calls?outcome=failure", r'href="(/calls/\d+)')
    first("campaign-busiest", "/", r'href="(/campaigns/\d+)[^"]*">[^<]*</a></div>\s*<div id="funnel"')
    if "campaign-busiest" in places:
        places["recipients-called"] = places["campaign-busiest"] + "/recipients?called=yes"
    first("labels-measured", "/labels", r'href="(/labels\?[^"]*measure=[^"]*)"')
    for name in re.findall(r'href="/queues/([a-z]+)"', pages.text(address + "/queues")):
        first("queue-dead", f"/queues/{name}", rf'<a href="(/queues/{name}\?error=[^"]*)"')
        if "queue-dead" in places:
            first("job-dead", places["queue-dead"], r'<a href="(/jobs/[^"]*)"')
            break
    return places


@contextlib.contextmanager
def first_run():
    """A server with an empty store; its address."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ended:
        def start(*words: str, **more: str) -> None:
            process = subprocess.Popen(
                words, env=os.environ | more, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            ended.callback(process.wait)
            ended.callback(process.terminate)

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        start("redis-server", "--port", "0", "--unixsocket", f"{folder}/redis.sock", "--save", "",
              "--dir", folder)
        start(str(SERVER), RINGBACK_HTTP=f"127.0.0.1:{port}", RINGBACK_DB=f"{folder}/ringback.db",
              RINGBACK_EXPORTS=f"{folder}/exports", REDIS_URL=f"unix://{folder}/redis.sock")
        yield f"http://127.0.0.1:{port}"


def answers(page, address: str) -> None:
    """Waits until a server that was just started takes requests."""
    for _ in range(600):
        try:
            page.goto(address, wait_until="load")
            return
        except Exception:  # Nobody listens yet.
            page.wait_for_timeout(100)
    raise SystemExit(f"no answer from {address}")


def main() -> int:
    address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(sys.argv[3:])
    faults = []
    taken = 0

    def take(page, name: str, url: str, size: str, act=None) -> None:
        nonlocal taken
        if wanted and name not in wanted:
            return
        page.goto(url, wait_until="load")
        page.evaluate("document.fonts.ready.then(() => null)")
        if act:
            act(page)
        # A dialogue lies over what is in sight, not over the whole page.
        whole = page.locator("dialog[open]").count() == 0
        page.screenshot(path=folder / f"{name}-{size}.png", full_page=whole)
        taken += 1
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{name}-{size}: wider than the window")

    with sync_playwright() as playwright, contextlib.ExitStack() as ended:
        browser = pages.launch(playwright)
        places = found(address)
        empty = None
        if SERVER.exists() and (not wanted or any(name.startswith("first-run") for name in wanted)):
            empty = ended.enter_context(first_run())
        views = [(theme, size, viewport) for theme in pages.THEMES for size, viewport in pages.SIZES.items()]
        for theme, size, viewport in [*views, ("light", "narrow", NARROW)]:
            context = browser.new_context(viewport=viewport, color_scheme=theme)
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda line: faults.append(f"console: {line.text}")
                    if line.type == "error" and "404" not in line.text else None)
            kind = f"{theme}-{size}"
            for name, path in places.items():
                take(page, name, address + path, kind)
            for name, (place, act) in STATES.items():
                take(page, name, address + places[place], kind, act)
            if empty:
                answers(page, empty)
                take(page, "first-run", empty, kind)
                take(page, "first-run-sample", f"{empty}/?sample=1", kind)
                take(page, "first-run-queues", f"{empty}/queues", kind)
            context.close()
        browser.close()
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{taken} pictures in {folder}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
