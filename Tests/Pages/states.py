"""The states that a dashboard can be in, each looked at in a browser.

Usage: states.py ADDRESS STAGE [REDIS_PROCESS_ID]

Whoever calls it brings the store and the queues into the stage's state first:
empty, calls, stale, refused, slowed, broken, read-only, or redis, which stops the Redis with a
signal and lets it go on at the end. Looks for violations of WCAG 2.2 A and AA on what it sees, too.
"""

import json
import os
import signal
import sys
import urllib.request

from playwright.sync_api import expect, sync_playwright

import check
import pages


def post(address: str, path: str, body: dict) -> dict:
    request = urllib.request.Request(
        f"{address}/api/v1/{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def empty(page, address: str) -> None:
    """First run with its list of what to do, the sample, nothing to show, and no such page."""
    page.goto(address, wait_until="load")
    expect(page.get_by_role("heading", name="Nothing has been recorded yet")).to_be_visible()
    check.accessible(page)
    page.get_by_role("link", name="Show sample data").click()
    expect(page.get_by_text("These are invented figures")).to_be_visible()
    expect(page.locator(".card")).to_have_count(10)
    check.accessible(page)
    page.get_by_role("link", name="Leave the sample").click()
    expect(page.get_by_role("heading", name="Nothing has been recorded yet")).to_be_visible()
    page.goto(address + "/calls", wait_until="load")
    expect(page.get_by_text("No calls in these days.")).to_be_visible()
    answer = page.goto(address + "/calls/999999", wait_until="load")
    assert answer is not None and answer.status == 404
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    check.accessible(page)


def calls(page, address: str) -> None:
    """Empty by filter, empty truly, not measured, partial, too large, loading, conflict."""
    page.goto(address + "/calls?outcome=failure&q=zebra", wait_until="load")
    expect(page.get_by_text("No calls in these days with this search, outcome.")).to_be_visible()
    page.get_by_role("link", name="Drop the filters").click()
    expect(page.locator("#calls tr[data-row]").first).to_be_visible()
    page.goto(address + "/calls?from=2020-05-03&to=2020-05-03", wait_until="load")
    expect(page.get_by_text("No calls in these days. Last call")).to_be_visible()
    page.goto(address + "/funnel?campaign=1", wait_until="load")
    expect(page.get_by_text("page views not connected").first).to_be_visible()
    check.accessible(page)
    page.goto(address + "/", wait_until="load")
    page.get_by_role("link", name="1 still being analysed").click()
    expect(page.locator("#calls tr[data-row]")).to_have_count(1)
    page.goto(address + "/?from=2019-01-01&to=2026-11-30", wait_until="load")
    expect(page.get_by_text("Shown by week, since the range is long.")).to_be_visible()
    loading(page, address)
    conflict(page, address)


def loading(page, address: str) -> None:
    """What takes long is dimmed with a word, and the old figures stay."""
    page.goto(address + "/", wait_until="load")
    call = page.locator("#recent tr[data-call]").first.get_attribute("data-call")
    before = page.inner_text("#card-calls .value")
    held = []
    page.route(address + "/", lambda route: held.append(route))
    # Its live event makes the page ask for its own new text.
    post(address, f"calls/{call}/exclusion", {"reason": "test"})
    expect(page.locator("p.updating")).to_be_visible()
    assert page.inner_text("#card-calls .value") == before
    held[0].continue_()
    page.unroute(address + "/")
    expect(page.locator("p.updating")).to_be_hidden()
    expect(page.locator("#card-calls .value")).not_to_have_text(before)


def conflict(page, address: str) -> None:
    """Who comes second is told who was first, and keeps or replaces it."""
    page.goto(address + "/unattributed", wait_until="load")
    page.keyboard.press("r")
    row = page.locator("[data-row]").first
    call = row.get_attribute("data-call")
    post(address, f"calls/{call}/assignment", {"scope": "call", "campaign": 1})
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    row.locator("[data-digit='0']").click()
    expect(page.locator("[data-toast]")).to_contain_text("to Spring")
    assert "assigned this" in asked[0] and "Replace it?" in asked[0], asked
    # The same on the page of the call, where it is replaced.
    page.goto(f"{address}/calls/{call}", wait_until="load")
    page.keyboard.press("r")
    post(address, f"calls/{call}/assignment", {"scope": "call", "campaign": None})
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    form = page.locator("form[data-assignment]")
    form.locator("[name=campaign]").select_option(index=1)
    form.get_by_role("button", name="Assign").click()
    expect(page.locator("[data-toast]").first).to_have_text("Assigned.")
    assert len(asked) == 2 and "to no campaign" in asked[1], asked


def stale(page, address: str) -> None:
    """What is shown is old, and why."""
    page.goto(address, wait_until="load")
    expect(page.locator(".banner.warn")).to_contain_text("The last poll was 2 h ago")
    expect(page.locator(".banner.warn")).to_contain_text("No worker of the queue sync is alive")
    check.accessible(page)


def refused(page, address: str) -> None:
    """The upstream does not take the key."""
    page.goto(address, wait_until="load")
    expect(page.locator(".banner.bad")).to_contain_text("ElevenLabs refuses us since")
    expect(page.locator(".banner.bad")).to_contain_text("The key was rejected")
    check.accessible(page)


def slowed(page, address: str) -> None:
    """The upstream asks for patience, and until when."""
    page.goto(address, wait_until="load")
    expect(page.locator(".banner.warn").first).to_contain_text("ElevenLabs asks us to slow down until")
    check.accessible(page)


def broken(page, address: str) -> None:
    """A part that fails does not take the page; a page that fails says so with an id to pass on."""
    page.goto(address, wait_until="load")
    expect(page.locator("#card-calls")).to_be_visible()
    page.get_by_text("Views and cards").click()
    expect(page.locator(".missing")).to_contain_text("This part could not be shown")
    answer = page.goto(address + "/labels", wait_until="load")
    assert answer is not None and answer.status == 500
    expect(page.get_by_role("heading", name="This page could not be shown")).to_be_visible()
    assert len(page.inner_text("[data-error-id]")) >= 8
    check.accessible(page)
    page.goto(address + "/calls", wait_until="load")
    expect(page.locator("#calls tr[data-row]").first).to_be_visible()


def read_only(page, address: str) -> None:
    """Nothing can be changed here; numbers are masked, and rows are not missing."""
    page.goto(address + "/calls", wait_until="load")
    expect(page.get_by_text("Nothing can be changed here")).to_be_visible()
    expect(page.locator("#calls tr[data-row]").first).to_contain_text("••••")
    # No form stands there that would be refused, and what asks all the same is refused.
    expect(page.locator("input[data-pick], [data-bulk-reason], [data-send]")).to_have_count(0)
    answer = page.request.post(
        address + "/api/v1/calls/1/exclusion",
        data={"reason": "test"},
        headers={"origin": address},
    )
    assert answer.status == 403 and "read-only" in answer.text(), answer.text()
    check.accessible(page)


def redis(page, address: str, process: int) -> None:
    """Reading, assigning and labelling go on; the queues show their last known state."""
    page.goto(address + "/queues", wait_until="load")
    expect(page.locator("#queues tr").first).to_be_visible()
    os.kill(process, signal.SIGSTOP)
    try:
        # Until the server has noticed.
        page.goto(address + "/queues", wait_until="load", timeout=60_000)
        expect(page.get_by_text("Redis does not answer since")).to_be_visible(timeout=60_000)
        page.goto(address + "/queues", wait_until="load", timeout=60_000)
        expect(page.locator("#queues")).to_contain_text("last known")
        check.accessible(page)
        page.goto(address + "/calls", wait_until="load")
        call = page.locator("#calls tr[data-call]").first.get_attribute("data-call")
        post(address, f"calls/{call}/assignment", {"scope": "call", "campaign": 1})
        post(address, f"calls/{call}/labels", {"rule": "booking", "value": "yes"})
        page.goto(f"{address}/calls/{call}", wait_until="load")
        expect(page.get_by_role("link", name="Spring")).to_be_visible()
    finally:
        os.kill(process, signal.SIGCONT)


STAGES = {
    "empty": empty, "calls": calls, "stale": stale, "refused": refused, "slowed": slowed,
    "broken": broken, "read-only": read_only, "redis": redis,
}


def main() -> int:
    address, stage, rest = sys.argv[1], sys.argv[2], [int(word) for word in sys.argv[3:]]
    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        page = browser.new_page()
        STAGES[stage](page, address, *rest)
        browser.close()
    print(f"{stage}: every state was seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
