"""Campaigns: one is added and changed, a list is looked at and imported; the funnel's choices.

Usage: campaigns.py ADDRESS
"""

import re
import sys

from playwright.sync_api import expect

import check
import pages

LIST = """campaign,recipient,phone,name,sent_at
Window test,r1,+14155550101,Ada,2026-11-01T08:00:00Z
Window test,r2,+14155550102,Bo,2026-11-01T08:00:00Z
Window test,r3,not a number,Cy,2026-11-01T08:00:00Z
"""


def campaign(address: str, name: str):
    return next((item for item in pages.get(address, "campaigns")["items"] if item["name"] == name), None)


def adds(page, address: str) -> None:
    page.goto(address + "/campaigns", wait_until="load")
    page.get_by_text("New campaign").click()
    form = page.locator("form[data-path=campaigns]")
    form.locator("[name=name]").fill("Window test")
    form.locator("[name=channel]").select_option("mail")
    form.locator("[name=windowDays]").fill("20")
    check.accessible(page)
    form.get_by_role("button", name="Add").click()
    expect(page.get_by_role("link", name="Window test")).to_be_visible()
    assert campaign(address, "Window test")["windowDays"] == 20


def imports(page, address: str) -> None:
    page.goto(address + "/campaigns", wait_until="load")
    page.get_by_text("Import recipients").click()
    form = page.locator("form[data-import]")
    go, said = form.locator("[data-import-go]"), form.locator("[data-import-said]")
    expect(go).to_be_disabled()
    form.locator("[name=list]").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": LIST.encode()}
    )
    form.get_by_role("button", name="Look at it").click()
    expect(said).to_contain_text("would be imported")
    expect(said.get_by_role("link", name=re.compile("rejected rows"))).to_be_visible()
    assert campaign(address, "Window test")["recipients"] == 0, "looked at, not imported"
    check.accessible(page)
    go.click()
    expect(said).to_contain_text("are imported")
    assert campaign(address, "Window test")["recipients"] == 2
    expect(go).to_be_disabled()


def changes(page, address: str) -> None:
    busiest = max(pages.get(address, "campaigns")["items"], key=lambda item: item["calls"])
    page.goto(f"{address}/campaigns/{busiest['id']}", wait_until="load")
    page.get_by_text("Change the campaign").click()
    form = page.locator("form[data-campaign]")
    said = form.locator("[data-campaign-said]")
    form.locator("[name=windowDays]").fill("1")
    form.locator("[name=apply]").select_option("everything")
    form.get_by_role("button", name="See what changes").click()
    expect(said).to_contain_text(re.compile(r"Of \d+ calls \d+ would be credited otherwise"))
    expect(said).to_contain_text(re.compile(r"Calls of this campaign: \d+ before, \d+ after"))
    assert campaign(address, busiest["name"])["windowDays"] == busiest["windowDays"]
    check.accessible(page)
    form.locator("[name=windowDays]").fill(str(busiest["windowDays"]))
    form.locator("[name=status]").select_option("paused")
    form.get_by_role("button", name="Save").click()
    expect(said).to_contain_text("Saved: status")
    assert campaign(address, busiest["name"])["status"] == "paused"
    form.locator("[name=status]").select_option("running")
    form.get_by_role("button", name="Save").click()
    expect(said).to_contain_text("Saved: status")


def responds(page, address: str) -> None:
    """How soon recipients called, as a chart and as its table; who did; a draft like it."""
    busiest = max(pages.get(address, "campaigns")["items"], key=lambda item: item["calls"])
    curve = pages.get(address, f"campaigns/{busiest['id']}/response")
    assert curve["recipients"] > 0 and curve["days"][-1]["calledByThen"] > 0, curve
    page.goto(f"{address}/campaigns/{busiest['id']}", wait_until="load")
    part = page.locator("section", has=page.get_by_role("heading", name="Response by days"))
    expect(part.locator(".chart.drawn canvas")).to_be_visible()
    part.get_by_role("button", name="Table").click()
    rows = part.locator("tbody tr")
    expect(rows).to_have_count(len(curve["days"]))
    expect(rows.last).to_contain_text(str(curve["days"][-1]["calledByThen"]))
    check.accessible(page)
    page.get_by_text("Duplicate the campaign").click()
    form = page.locator("form[data-path$=duplicate]")
    form.locator("[name=name]").fill("Once more")
    form.get_by_role("button", name="Duplicate").click()
    expect(page.get_by_role("link", name="Once more")).to_be_visible()
    assert campaign(address, "Once more")["status"] == "draft"
    assert campaign(address, "Once more")["channel"] == busiest["channel"]
    page.goto(f"{address}/campaigns/{busiest['id']}/recipients", wait_until="load")
    page.get_by_role("link", name="converted", exact=True).click()
    page.wait_for_url("**converted=yes**")
    people = page.locator("tr[data-row]")
    expect(people.first).to_be_visible()
    assert all("yes" in text for text in people.locator("td:nth-of-type(5)").all_inner_texts())


def funnel(page, address: str) -> None:
    page.goto(address + "/funnel", wait_until="load")
    check.accessible(page)
    rows = page.locator("#breakdown tr")
    expect(rows).to_have_count(len(pages.get(address, "campaigns")["items"]))
    for step in ("delivered", "scans", "pageViews"):
        page.locator(f"[name=steps][value={step}]").uncheck()
    page.get_by_label("Window of the same people, days").fill("10")
    page.get_by_role("button", name="Show", exact=True).last.click()
    page.wait_for_url("**window=10**")
    expect(page.locator("#totals tr")).to_have_count(4)
    expect(page.get_by_text("within 10 days")).to_be_visible()
    page.get_by_role("link", name="Same people").click()
    page.wait_for_url("**mode=people**")
    expect(page.locator("#totals")).to_have_count(0)
    expect(page.locator("#people")).to_contain_text(re.compile("Sent|Not measured"))
    check.accessible(page)
    page.get_by_role("link", name="Side by side").click()
    expect(page.locator("#totals tr")).to_have_count(4)
    # A number leads to the list that it counts.
    link = rows.first.locator("td").nth(1).get_by_role("link")
    count = int(link.inner_text().replace(",", ""))
    link.click()
    page.wait_for_url("**/calls?**campaign=**")
    page.locator("#calls tr[data-row]").first.wait_for()
    assert page.locator("#calls tr[data-row]").count() == min(count, 50), count


def main() -> int:
    address = sys.argv[1]
    with pages.visit() as (_, page):
        for look in (adds, imports, changes, responds, funnel):
            look(page, address)
    print("added, looked at, imported, changed; steps chosen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
