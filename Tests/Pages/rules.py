"""The editor of rules: what is wrong at which line, what a text says and would count, draft, shadow,
activation, two versions against each other, calls judged anew.

Usage: rules.py ADDRESS
"""

import json
import re
import sys

from playwright.sync_api import expect

import check
import pages


def rescores(page, address: str) -> None:
    """Calls are judged anew by the rules in use: what would change first, then until it is done."""
    form, said = page.locator("[data-rescore]"), page.locator("[data-rescore-said]")
    start = form.get_by_role("button", name="Judge them anew")
    expect(start).to_be_hidden()
    form.get_by_role("button", name="Say what would change").click()
    expect(said).to_contain_text(re.compile(r"Of \d+ calls \d+ become conversions, [1-9]\d* stop being"))
    expect(page.locator("[data-rescore-changes] a").first).to_have_attribute("href", re.compile(r"/calls/\d+"))
    assert pages.get(address, "rescores")["items"] == []
    # Other days are other calls: they are looked at first, too.
    first = form.locator("[name=from]")
    value = first.input_value()
    first.fill("2026-01-01")
    expect(start).to_be_hidden()
    first.fill(value)
    form.get_by_role("button", name="Say what would change").click()
    expect(start).to_be_visible()
    check.accessible(page)
    start.click()
    row = page.locator("[data-rescores] tbody tr")
    expect(row).to_have_count(1)
    ends(page, address)
    page.reload(wait_until="load")
    expect(row).to_contain_text("done")
    found = pages.get(address, "rescores")["items"][0]
    assert found["withdrawn"] > 0 and found["lookedAt"] == found["calls"], found


def ends(page, address: str) -> None:
    """Waits until the re-score is done. `wait_for_function` takes a promise for an answer, and waits for none."""
    for _ in range(600):
        if pages.get(address, "rescores")["items"][0]["state"] == "done":
            return
        page.wait_for_timeout(100)
    raise AssertionError("the re-score does not end")


def main() -> int:
    address = sys.argv[1]
    with pages.visit(notes_errors=False) as (browser, page):
        page.goto(address + "/conversions", wait_until="load")
        text = page.locator("[data-rules-text]")
        source = text.input_value()
        text.fill(source.replace("type: booking", "type: booking\n    nonsense: 1", 1))
        wrong = page.locator("[data-rules-problems] [data-line]").first
        expect(wrong).to_be_visible()
        line = int(wrong.inner_text().split()[1])
        wrong.click()
        chosen = text.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)")
        assert "nonsense" in chosen, (line, chosen)
        expect(text).to_have_attribute("aria-invalid", "true")
        check.accessible(page)
        text.fill(re.sub(r"atLeast: \d+", "atLeast: 7", source, count=1))
        expect(page.locator("[data-rules-echo]")).to_contain_text("at least 7 turns")
        expect(page.locator("[data-rules-problems]")).to_contain_text("Nothing.")
        said, tried = page.locator("[data-rules-said]"), page.locator("[data-rules-table] tbody tr")
        expect(said).to_contain_text(re.compile(r"Of the last \d+ calls \d+ would count"))
        expect(said).not_to_contain_text(" 0 withdrawn")
        gone = page.locator("tr.is-withdrawn").first
        expect(gone).to_contain_text("withdrawn")
        expect(gone.get_by_role("link").nth(1)).to_have_attribute("href", re.compile(r"/calls/\d+#turn-\d+"))
        check.accessible(page)
        # What is typed quickly is tried once, and the last text wins.
        sent = []
        page.on("request", lambda request: sent.append(request.post_data) if request.url.endswith("rules/trial") else None)
        for turns in (8, 6, 5):
            text.fill(re.sub(r"atLeast: \d+", f"atLeast: {turns}", source, count=1))
        text.fill(source)
        expect(said).to_contain_text(" 0 added, 0 withdrawn, 0 of another")
        assert tried.count() > 0
        assert len(sent) == 1 and json.loads(sent[0])["text"] == source, len(sent)
        text.fill(re.sub(r"atLeast: \d+", "atLeast: 7", source, count=1))
        expect(said).not_to_contain_text(" 0 withdrawn")
        page.locator("[data-rules-name]").fill("longer talks")
        page.get_by_role("button", name="Save as draft").click()
        page.wait_for_url("**/conversions?version=**")
        row = page.locator("tr[data-row]", has_text="longer talks")
        expect(row).to_contain_text("draft")
        assert "atLeast: 7" in text.input_value()
        row.get_by_role("link", name="Compare").click()
        page.wait_for_url("**against=used**")
        lines = page.locator("table.diff")
        expect(lines.locator("ins")).to_contain_text("atLeast: 7")
        expect(lines.locator("del")).to_contain_text("atLeast: 2")
        check.accessible(page)
        row.get_by_role("button", name="Shadow").click()
        expect(row).to_contain_text("shadow")
        row.get_by_role("button", name="End shadow").click()
        expect(row).to_contain_text("draft")
        row.get_by_role("button", name="Activate").click()
        expect(row).to_contain_text("active")
        rescores(page, address)
        # A note on a day, and away with it.
        page.goto(address + "/", wait_until="load")
        page.get_by_text("Note something on a day").click()
        page.locator("#day-notes [name=text]").fill("Letters arrive")
        page.get_by_role("button", name="Note", exact=True).click()
        expect(page.locator("#day-notes li")).to_contain_text("Letters arrive")
        expect(page.locator("#days-rows tr[data-mark]")).to_have_count(1)
        page.get_by_role("button", name=re.compile("^Remove the note")).click()
        expect(page.locator("#day-notes li")).to_have_count(0)
        # Without script two versions are chosen and compared all the same.
        plain = browser.new_context(java_script_enabled=False).new_page()
        plain.goto(address + "/conversions", wait_until="load")
        expect(plain.locator("[data-rules-trial]")).to_be_hidden()
        plain.locator("select[name=against]").select_option(index=1)
        plain.get_by_role("button", name="Compare", exact=True).click()
        expect(plain.get_by_role("heading", name="Two versions")).to_be_visible()
        assert "against=" in plain.url, plain.url
    print("checked, said, kept, tried and activated; noted and taken back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
