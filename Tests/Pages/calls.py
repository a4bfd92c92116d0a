"""The list of calls: order, columns, the drawer with keys, many calls at once and back again.

Usage: calls.py ADDRESS
"""

import json
import re
import sys

from playwright.sync_api import expect

import check
import pages


def excluded(address: str) -> set[int]:
    return {item["id"] for item in pages.get(address, "calls?limit=200")["items"] if item["excluded"]}


def seconds(page) -> list[int]:
    texts = page.locator("#calls tr[data-row] td:last-child").all_inner_texts()
    return [int(text.split(":")[0]) * 60 + int(text.split(":")[1]) for text in texts if ":" in text]


def order(page, address: str) -> None:
    page.goto(address + "/calls?range=all", wait_until="load")
    page.get_by_role("link", name="Duration").click()
    page.wait_for_url("**sort=duration")
    longest = seconds(page)
    assert len(longest) > 10 and longest == sorted(longest, reverse=True), longest
    expect(page.locator("th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("link", name="Duration").click()
    page.wait_for_url("**sort=-duration")
    shortest = seconds(page)
    assert shortest == sorted(shortest), shortest


def columns(page, address: str) -> None:
    page.goto(address + "/calls?range=all", wait_until="load")
    page.get_by_text("Columns and views").click()
    for column in ("summary", "direction"):
        page.locator(f"input[name=columns][value={column}]").check()
    page.locator("input[name=columns][value=campaign]").uncheck()
    page.get_by_role("button", name="Show these columns").click()
    page.wait_for_url("**columns=**")
    expect(page.get_by_role("columnheader", name="Summary")).to_be_visible()
    expect(page.get_by_role("columnheader", name="Campaign")).to_have_count(0)
    check.accessible(page)
    # Under a name, and by its short link.
    page.get_by_text("Columns and views").click()
    page.get_by_label(re.compile("^Name, to keep")).fill("Summaries")
    page.get_by_role("button", name="Show these columns").click()
    page.wait_for_url("**/calls?**summary**")
    page.get_by_text("Columns and views").click()
    expect(page.get_by_role("link", name="Summaries")).to_be_visible()


def drawer(page, address: str) -> None:
    page.goto(address + "/calls?range=all", wait_until="load")
    rows = page.locator("#calls tr[data-row]")
    first, second = (rows.nth(index).get_attribute("data-call") for index in (0, 1))
    page.keyboard.press("r")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    shown = page.locator("dialog.drawer")
    expect(shown.get_by_role("heading", name="Transcript")).to_be_visible()
    assert page.url.endswith(f"open={first}"), page.url
    check.accessible(page)
    page.keyboard.press("j")
    expect(page).to_have_url(re.compile(f"open={second}$"))
    expect(page.locator(f"#calls tr.at[data-call='{second}']")).to_have_count(1)
    page.keyboard.press("k")
    expect(page).to_have_url(re.compile(f"open={first}$"))
    # Its forms work where they are.
    expect(shown.get_by_role("heading", name="Transcript")).to_be_visible()
    shown.locator("[name=reason]").select_option("test")
    shown.get_by_role("button", name="Exclude").click()
    expect(shown.get_by_text("Excluded: test")).to_be_visible()
    shown.get_by_role("button", name="Count again").click()
    expect(shown.get_by_text("Excluded: test")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(shown).to_be_hidden()
    assert "open=" not in page.url, page.url
    focused = page.evaluate("document.activeElement.closest('tr')?.dataset.call")
    assert focused == first, focused
    # A link to it opens it.
    page.goto(f"{address}/calls?range=all&open={second}", wait_until="load")
    expect(shown.get_by_role("heading", name="Transcript")).to_be_visible()


def bulk(page, address: str) -> None:
    page.goto(address + "/calls?range=all", wait_until="load")
    page.keyboard.press("r")
    boxes = page.locator("input[data-pick]")
    calls = [boxes.nth(index).get_attribute("data-pick") for index in range(3)]
    ids = {int(call) for call in calls}
    assert not ids & excluded(address)
    boxes.nth(0).check()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("[data-picked]")).to_have_text("3")
    page.locator("[data-bulk-reason]").select_option("test")
    expect(page.locator("[data-toast]").first).to_have_text("3 calls changed.")
    assert ids <= excluded(address)
    expect(page.locator("[data-picked]")).to_have_text("0")
    page.keyboard.press("z")
    expect(page.locator("[data-toast]").first).to_have_text("Taken back for 3 calls.")
    assert not ids & excluded(address)
    # With keys: the row under them is ticked.
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(page.locator("[data-picked]")).to_have_text("1")
    page.keyboard.press("l")
    expect(page.locator("[data-bulk-label]")).to_be_focused()
    page.locator("[data-bulk-campaign]").select_option("none")
    expect(page.locator("[data-toast]").first).to_contain_text("1 call changed")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-toast]").first).to_contain_text("Taken back")


def tagged(address: str, tag: str) -> set[int]:
    return {item["id"] for item in pages.get(address, f"calls?limit=200&tag={tag}")["items"]}


def tags(page, address: str) -> None:
    """On ticked rows with undo, as a filter and a column, and on a call's own page."""
    page.goto(address + "/calls?range=all&columns=tags", wait_until="load")
    page.keyboard.press("r")
    boxes = page.locator("input[data-pick]")
    ids = {int(boxes.nth(index).get_attribute("data-pick")) for index in range(2)}
    bar = page.locator("[data-bulk-tag]")
    expect(bar.locator("input")).to_be_disabled()
    for index in range(2):
        boxes.nth(index).check()
    bar.locator("input").fill("Call back")
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]").first).to_have_text("2 calls changed.")
    assert tagged(address, "call-back") == ids
    page.reload(wait_until="load")
    page.locator("#calls").get_by_role("link", name="call-back").first.click()
    page.wait_for_url("**tag=call-back")
    expect(page.locator("#calls tr[data-row]")).to_have_count(2)
    check.accessible(page)
    # Off again from one of them, and back.
    page.locator("input[data-pick]").first.check()
    bar.locator("input").fill("call-back")
    bar.get_by_role("button", name="Untag").click()
    expect(page.locator("[data-toast]").first).to_have_text("1 call changed.")
    assert len(tagged(address, "call-back")) == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-toast]").first).to_have_text("Taken back for 1 call.")
    assert tagged(address, "call-back") == ids
    # On the page of a call; the tag that excludes it says so.
    page.goto(f"{address}/calls/{min(ids)}", wait_until="load")
    page.get_by_label("New tag").fill("test")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("Excluded: test")).to_be_visible()
    page.get_by_role("button", name="Remove the tag test").click()
    expect(page.get_by_text("Excluded: test")).to_have_count(0)
    page.get_by_role("button", name="Remove the tag call-back").click()
    expect(page.get_by_role("link", name="call-back")).to_have_count(0)
    check.accessible(page)
    assert tagged(address, "call-back") == ids - {min(ids)}


def export(page, address: str) -> None:
    """The ticked rows, and the view, as files."""
    page.goto(address + "/calls?range=all", wait_until="load")
    page.keyboard.press("r")
    boxes = page.locator("input[data-pick]")
    calls = {int(boxes.nth(index).get_attribute("data-pick")) for index in (0, 2)}
    for index in (0, 2):
        boxes.nth(index).check()
    page.locator("[data-bulk]").get_by_role("button", name="Export").click()
    dialog = page.locator("dialog[data-export]")
    expect(dialog).to_contain_text("The 2 selected calls.")
    check.accessible(page)
    dialog.locator("[name=dialect]").select_option("ndjson")
    dialog.get_by_role("button", name="Export").click()
    link = dialog.get_by_role("link", name="Download 2 rows")
    expect(link).to_be_focused(timeout=60_000)
    with page.expect_download() as held:
        link.click()
    with open(held.value.path(), encoding="utf-8") as file:
        names = {json.loads(line)["conversation_id"] for line in file}
    items = pages.get(address, "calls?limit=200")["items"]
    assert names == {item["conversation"] for item in items if item["id"] in calls}, names
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    # The view, by its key: what its filters let through, the search among them.
    page.goto(address + "/calls?range=all&conversion=yes&q=appointment", wait_until="load")
    page.keyboard.press("e")
    expect(dialog).to_contain_text("with this search, conversion.")
    dialog.get_by_role("button", name="Export").click()
    found = pages.get(address, "calls?limit=200&conversion=yes&search=appointment")["items"]
    assert found
    expect(dialog.get_by_role("link", name=f"Download {len(found)} rows")).to_be_visible(timeout=60_000)
    # The page of exports has both, to be fetched and removed.
    page.goto(address + "/exports", wait_until="load")
    page.keyboard.press("r")
    row = page.locator("#files tr[data-row]").first
    expect(row).to_contain_text("conversion yes")
    with page.expect_download() as held:
        row.locator("a[download]").click()
    assert held.value.path().stat().st_size > 100
    manifest = page.request.get(address + row.get_by_role("link", name="Manifest").get_attribute("href"))
    assert manifest.json()["rows"] == len(found), manifest.text()
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name=re.compile("^Remove")).click()
    expect(page.locator("#files tr[data-row]").first).to_contain_text("expired")
    check.accessible(page)


def search(page, address: str) -> None:
    """From any page, by its key."""
    page.goto(address + "/agents", wait_until="load")
    page.keyboard.press("/")
    expect(page.locator("[data-find]")).to_be_focused()
    page.keyboard.type("appointment")
    page.keyboard.press("Enter")
    page.wait_for_url("**/calls?q=appointment")
    expect(page.locator("#search")).to_have_value("appointment")


def without_script(browser, address: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address + "/calls?range=all&sort=duration&columns=summary", wait_until="load")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    page.locator("#calls [data-open]").first.click()
    page.wait_for_url("**/calls/*")
    expect(page.get_by_role("heading", name="Transcript")).to_be_visible()


def main() -> int:
    address = sys.argv[1]
    with pages.visit() as (browser, page):
        for look in (order, columns, drawer, bulk, tags, export, search):
            look(page, address)
        without_script(browser, address)
    print("ordered, chosen, opened, changed and taken back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
