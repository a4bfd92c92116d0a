"""Settings: tokens, a test of the webhook, internal numbers, what is kept; limits of agents and rules of the alerts, tried while one types, saved, put back.

Usage: settings.py ADDRESS
"""

import re
import sys

from playwright.sync_api import expect

import check
import pages


def limits(page, address: str) -> None:
    page.goto(address + "/settings", wait_until="load")
    row = page.locator("tr[data-agent]").first
    agent = row.get_attribute("data-agent")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))

    def limits_of():
        item = next(item for item in pages.get(address, "agents")["items"] if item["agent"] == agent)
        return item["turns"], item["seconds"], item["isSet"]

    before = limits_of()
    row.get_by_label(re.compile("^turns of")).fill("4")
    said = row.locator("output")
    expect(said).to_contain_text(re.compile(r"Qualified of [\d,]+ calls: [\d,]+ before, [\d,]+ after\."))
    assert limits_of() == before, "tried, not saved"
    check.accessible(page)
    row.get_by_label(re.compile("^turns of")).fill("0")
    expect(said).not_to_contain_text("Qualified")
    row.get_by_label(re.compile("^turns of")).fill("4")
    row.get_by_role("button", name=re.compile("^Save")).click()
    expect(said).to_contain_text("Saved. Qualified of")
    assert asked and "before" in asked[-1] and "counted anew" in asked[-1], asked
    assert limits_of() == (4, before[1], True), limits_of()
    expect(row).to_contain_text("its own")
    expect(page.locator("#audit tr").first).to_contain_text("agent.limits")
    # The scheduler counts anew; then the page says so no more.
    expect(page.locator("#rebuild")).to_be_empty(timeout=120_000)
    row.get_by_role("button", name="Standard").click()
    expect(said).to_contain_text("Saved.")
    expect(row.get_by_label(re.compile("^turns of"))).to_have_value("2")
    assert limits_of() == (2, 30, False), limits_of()


def alerts(page, address: str) -> None:
    page.goto(address + "/settings", wait_until="load")

    def rule():
        return next(item for item in pages.get(address, "alerts/rules")["items"] if item["rule"] == "oldest-job")

    row = page.locator("tr[data-rule=oldest-job]")
    threshold, said = row.locator("[name=threshold]"), row.locator("output")
    threshold.fill("25")
    expect(said).to_contain_text("Before: on from 15 minutes")
    expect(said).to_contain_text("After: on from 25 minutes")
    assert rule()["threshold"] == 15, "tried, not saved"
    row.get_by_role("button", name=re.compile("^Save")).click()
    expect(said).to_contain_text("Saved. Before: on from 15 minutes")
    expect(page.locator("#from-oldest-job")).to_have_text("25 minutes")
    row.locator("[name=on]").uncheck()
    threshold.press("Enter")
    expect(said).to_contain_text("After: off")
    expect(page.locator("#set-oldest-job")).to_contain_text("off")
    assert (rule()["on"], rule()["threshold"]) == (False, 25), rule()
    row.get_by_role("button", name="As shipped").click()
    expect(page.locator("#from-oldest-job")).to_have_text("15 minutes")
    expect(row.locator("[name=on]")).to_be_checked()
    assert (rule()["on"], rule()["by"]) == (True, None), rule()
    expect(page.locator("#audit")).to_contain_text("alert.reset")
    # One that nobody has given a threshold.
    cost = page.locator("tr[data-rule=cost-per-conversion]")
    cost.locator("[name=on]").uncheck()
    cost.get_by_role("button", name=re.compile("^Save")).click()
    expect(cost.locator("output")).to_contain_text("Saved.")
    cost.get_by_role("button", name="As shipped").click()
    expect(page.locator("#set-cost-per-conversion")).to_contain_text("as shipped")
    check.accessible(page)


def tokens(page, address: str) -> None:
    page.goto(address + "/settings", wait_until="load")
    form = page.locator("form[data-new-token]")
    form.locator("[name=name]").fill("crm & co")
    form.locator("[name=scope]").select_option("write")
    form.get_by_role("button", name="Make a token").click()
    shown = form.locator("code")
    expect(shown).to_have_text(re.compile("^rbk_[0-9a-f]{64}$"))
    secret = shown.inner_text()
    page.goto(address + "/settings", wait_until="load")
    assert secret not in page.content(), "shown once"
    row = page.locator("tr[data-token]")
    expect(row).to_contain_text("crm & co")
    check.accessible(page)
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name=re.compile("^Revoke")).click()
    expect(page.locator("tr[data-token]")).to_have_count(0)
    assert pages.get(address, "tokens")["items"] == []


def webhook(page, address: str) -> None:
    page.goto(address + "/settings", wait_until="load")
    form = page.locator("form[data-probe]")
    form.get_by_role("button", name="Send a test").click()
    expect(form.locator("output")).to_contain_text(
        re.compile("one that is not is refused|There is no secret"))
    expect(page.locator("#audit")).to_contain_text("webhook.test")


def internal(page, address: str) -> None:
    calls = pages.get(address, "calls?showNumbers=true&limit=50")["items"]
    number = next(call["caller"] for call in calls if (call["caller"] or "").startswith("+"))
    page.goto(address + "/settings", wait_until="load")
    form = page.locator("form[data-path=internal-numbers]")
    form.locator("[name=number]").fill(number)
    expect(form.locator("output")).to_contain_text("more would be excluded")
    assert pages.get(address, "internal-numbers")["items"] == [], "tried, not added"
    page.once("dialog", lambda dialog: dialog.accept())
    form.get_by_role("button", name="Exclude its calls").click()
    row = page.locator("tr[data-internal]")
    expect(row).to_contain_text("•")
    assert number not in page.content()
    check.accessible(page)
    page.once("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name=re.compile("^Remove")).click()
    expect(page.locator("tr[data-internal]")).to_have_count(0)


def kept(page, address: str) -> None:
    page.goto(address + "/settings", wait_until="load")
    row = page.locator("tr[data-retention=webhooks]")
    days, said = row.locator("[name=days]"), row.locator("output")
    asked = []
    page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept("shorten")))
    days.fill("3")
    expect(said).to_contain_text("The next night would remove")
    row.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.locator("#kept-webhooks")).to_contain_text("3 days")
    assert asked and "Type shorten" in asked[0], asked
    days.fill("7")
    row.get_by_role("button", name=re.compile("^Save")).click()
    expect(page.locator("#kept-webhooks")).to_contain_text("7 days by the settings")
    assert len(asked) == 1, "a longer period takes no word"


def without_script(browser, address: str) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(address + "/settings", wait_until="load")
    expect(page.locator("tr[data-rule]")).to_have_count(len(pages.get(address, "alerts/rules")["items"]))
    expect(page.locator("#from-oldest-job")).to_have_text("15 minutes")
    expect(page.locator("form[data-setting]").first).to_be_hidden()


def main() -> int:
    address = sys.argv[1]
    # Refused fields are answered with 4xx.
    with pages.visit(notes_errors=False) as (browser, page):
        for look in (tokens, webhook, internal, kept, limits, alerts):
            look(page, address)
        without_script(browser, address)
    print("tried, saved, counted anew and put back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
