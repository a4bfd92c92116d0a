"""Loads every page over a slow line: nothing on it moves while it comes in.

Usage: paint.py ADDRESS [PAGE ...]

Ends with 1 and one line for each thing that moved.
"""

import sys

from playwright.sync_api import sync_playwright

import pages

# So slow that each page comes in many pieces.
BYTES_PER_SECOND = 20 * 1024


def line(session, latency: int, rate: int) -> None:
    session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": latency, "downloadThroughput": rate, "uploadThroughput": rate,
    })


def moved(browser, address: str, wanted: set[str], size: str) -> list[str]:
    faults = []
    page = browser.new_context(viewport=pages.SIZES[size]).new_page()
    page.add_init_script(pages.WATCH_SHIFTS)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    for name, path in pages.addresses(address).items():
        if wanted and name not in wanted:
            continue
        # Styles and scripts are in the browser's memory then, as they are for who comes back.
        line(session, 0, -1)
        page.goto(address + path, wait_until="load")
        line(session, 20, BYTES_PER_SECOND)
        page.reload(wait_until="load", timeout=120_000)
        if name == "queues":
            page.locator("[data-schedules] tbody tr").first.wait_for()
        faults += [f"{name} {size}: {shift}" for shift in pages.shifts(page)]
    return faults


def main() -> int:
    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        faults = []
        for size in pages.SIZES:
            faults += moved(browser, sys.argv[1], set(sys.argv[2:]), size)
        browser.close()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
