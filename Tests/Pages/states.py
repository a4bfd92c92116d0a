"""The states of a dashboard without calls: first run, sample, unknown page, Redis stopped.

Usage: states.py ADDRESS REDIS_PROCESS_ID

Stops the Redis with a signal, and lets it go on at the end.
"""

import os
import signal
import sys

from playwright.sync_api import expect, sync_playwright

import pages


def main() -> int:
    address, redis = sys.argv[1], int(sys.argv[2])
    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        page = browser.new_page()
        page.goto(address, wait_until="load")
        expect(page.get_by_role("heading", name="Nothing has been recorded yet")).to_be_visible()
        page.get_by_role("link", name="Show sample data").click()
        expect(page.get_by_text("These are invented figures")).to_be_visible()
        expect(page.locator(".card")).to_have_count(10)
        page.get_by_role("link", name="Leave the sample").click()
        expect(page.get_by_role("heading", name="Nothing has been recorded yet")).to_be_visible()
        page.goto(address + "/calls?outcome=failure", wait_until="load")
        expect(page.get_by_role("link", name="Drop the filters")).to_be_visible()
        answer = page.goto(address + "/calls/999999", wait_until="load")
        assert answer is not None and answer.status == 404
        expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
        os.kill(redis, signal.SIGSTOP)
        try:
            page.goto(address + "/queues", wait_until="load", timeout=60_000)
            expect(page.get_by_text("Redis does not answer since")).to_be_visible(timeout=60_000)
            page.goto(address + "/calls", wait_until="load")
            expect(page.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
        finally:
            os.kill(redis, signal.SIGCONT)
        browser.close()
    print("every state was seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
