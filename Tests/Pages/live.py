"""Watches the overview while calls arrive: it follows them, and nothing on it moves.

Usage: live.py ADDRESS CHANGES

Waits until the page has shown so many changes, then prints what moved; ends with 1 if anything did.
"""

import sys

from playwright.sync_api import sync_playwright

import pages

# The page counts its own changes.
COUNT = """
window.changes = 0;
document.addEventListener("DOMContentLoaded", () => {
  const cards = document.getElementById("cards");
  if (cards) new MutationObserver(() => { window.changes += 1; }).observe(cards, { childList: true });
});
"""


def begin(browser, address: str, size: str, faults: list[str]):
    # Waiting for a condition inside of the page needs eval; check.py looks at what the policy says.
    page = browser.new_context(viewport=pages.SIZES[size], bypass_csp=True).new_page()
    page.on("console", lambda line: faults.append(f"{size}: {line.text}") if line.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"{size}: {error}"))
    page.add_init_script(pages.WATCH_SHIFTS)
    page.add_init_script(COUNT)
    page.goto(address, wait_until="load")
    return page, page.inner_text("#card-calls .value")


def end(page, before: str, changes: int, size: str, faults: list[str]) -> None:
    # A page that does not follow fails here.
    page.wait_for_function(
        """([changes, before]) => window.changes >= changes
            && document.querySelector("#card-calls .value").innerText !== before""",
        arg=[changes, before],
        timeout=300_000,
    )
    spoken = page.inner_text("#status")
    if " new or ha" not in spoken:
        faults.append(f"{size}: the status region says {spoken!r}")
    faults += [f"{size}: {shift}" for shift in pages.shifts(page)]
    # Paused, nothing changes any more, and the button says how to go on.
    page.get_by_role("button", name="Pause").click()
    if page.inner_text("[data-live-state]") != "paused":
        faults.append(f"{size}: not paused")


def main() -> int:
    address, changes = sys.argv[1], int(sys.argv[2])
    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        faults: list[str] = []
        # Side by side: each sees the same calls.
        watched = {size: begin(browser, address, size, faults) for size in pages.SIZES}
        for size, (page, before) in watched.items():
            end(page, before, changes, size, faults)
        browser.close()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
