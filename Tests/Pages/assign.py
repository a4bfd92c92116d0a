"""Assigns an unattributed caller with keys alone and takes it back, then once more by mouse.

Usage: assign.py ADDRESS
"""

import json
import sys
import urllib.request

from playwright.sync_api import sync_playwright

import pages


def count(page) -> int:
    return int(page.inner_text("#left strong").replace(",", ""))


def actions(address: str) -> list[str]:
    with urllib.request.urlopen(f"{address}/api/v1/audit-log?limit=10", timeout=30) as answer:
        return [item.get("action", "") for item in json.load(answer)["items"]]


def main() -> int:
    address = sys.argv[1]
    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        # Waiting for a condition inside of the page needs eval; check.py looks at the policy.
        page = browser.new_page(bypass_csp=True)
        page.goto(address, wait_until="load")
        # From the overview to the list, a row, its answer, and back, without a mouse.
        page.keyboard.press("g")
        page.keyboard.press("u")
        page.wait_for_url("**/unattributed")
        page.wait_for_function("document.querySelector('[data-row]')")
        before = count(page)
        page.keyboard.press("j")
        page.keyboard.press("s")
        page.keyboard.press("s")
        assert page.input_value("[name=scope]") == "call", page.input_value("[name=scope]")
        row = page.get_attribute("[data-row].at", "data-call")
        page.keyboard.press("0")
        page.wait_for_function(f"!document.querySelector('[data-row][data-call=\"{row}\"]')")
        page.wait_for_function(
            f"Number(document.querySelector('#left strong').textContent.replace(',', '')) < {before}"
        )
        page.keyboard.press("z")
        page.wait_for_function("document.querySelector('[data-toast]').textContent === 'Taken back.'")
        page.wait_for_function(
            f"Number(document.querySelector('#left strong').textContent.replace(',', '')) >= {before}"
        )
        # The same by mouse.
        page.reload(wait_until="load")
        page.locator("[name=scope]").select_option("call")
        all_of_caller = page.locator("[data-scope-all]")
        assert all_of_caller.get_attribute("aria-pressed") == "false"
        all_of_caller.click()
        assert page.input_value("[name=scope]") == "caller"
        assert all_of_caller.get_attribute("aria-pressed") == "true"
        row = page.get_attribute("[data-row]", "data-call")
        page.locator(f"[data-row][data-call='{row}'] [data-digit='0']").click()
        page.wait_for_function(f"!document.querySelector('[data-row][data-call=\"{row}\"]')")
        page.locator("[data-undo]").click()
        page.wait_for_function("document.querySelector('[data-toast]').textContent === 'Taken back.'")
        browser.close()
    seen = " ".join(actions(address))
    for word in ("call.assign", "call.release"):
        assert word in seen, seen
    print("assigned and taken back, by keys and by mouse")
    return 0


if __name__ == "__main__":
    sys.exit(main())
