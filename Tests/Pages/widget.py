"""The widget on pages in a real browser, with a stub of the official element.

Prints one line for each case and ends with 0 when all hold. Needs playwright and Chromium.
"""

import http.server
import json
import pathlib
import threading
import urllib.parse

from playwright.sync_api import sync_playwright

from official import ELEMENT as element, STUB, check, html, ready
import pages

PUBLIC = pathlib.Path(__file__).resolve().parents[2] / "web" / "public"
WAIT = 20_000


class Site:
    """One origin: pages by path, the public files, and what was sent to it."""

    def __init__(self, pages=None, has_files=False):
        self.pages = pages or {}
        self.has_files = has_files
        self.requests = []
        self.records = []
        self.condition = threading.Condition()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                path = urllib.parse.urlsplit(self.path).path
                with site.condition:
                    site.requests.append(path)
                file = PUBLIC / path[1:]
                if path in site.pages:
                    self.answer(*site.pages[path])
                elif site.has_files and "/" not in path[1:] and file.is_file():
                    self.answer("text/javascript; charset=utf-8", file.read_text())
                else:
                    self.send_error(404)

            def answer(self, kind, text, headers=()):
                body = text.encode()
                self.send_response(200)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.send_header("access-control-allow-origin", "*")
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                with site.condition:
                    site.records.append({
                        "path": self.path, "type": self.headers["content-type"],
                        "cookie": self.headers["cookie"], "body": json.loads(body),
                    })
                    site.condition.notify_all()
                self.send_response(204)
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def wait(self, count):
        with self.condition:
            assert self.condition.wait_for(lambda: len(self.records) >= count, WAIT / 1000), (
                f"{len(self.records)} records of {count}"
            )
            return [record["body"] for record in self.records]

    def first(self, name):
        """The first record of a conversation; waits for it."""
        def found():
            return [record["body"] for record in self.records
                    if record["body"].get("conversation_id") == name]
        with self.condition:
            assert self.condition.wait_for(found, WAIT / 1000), f"nothing of {name}"
            return found()[0]

    def forget(self):
        with self.condition:
            self.records.clear()
            self.requests.clear()


def main():
    ringback = Site(has_files=True)
    host = Site()
    script = f'{ringback.address}/widget.js'
    official = f"{host.address}/official.js"
    host.pages["/official.js"] = ("text/javascript", STUB)
    tag = (
        f'<script src="{script}" data-agent-id="agent1" data-campaign="3"'
        f' data-script="{official}" data-widget-variant="compact" async></script>'
    )
    host.pages["/"] = html(tag)
    host.pages["/late"] = html("", head=tag)
    host.pages["/own"] = html(
        f'<script src="{official}"></script><elevenlabs-convai agent-id="agent2"></elevenlabs-convai>'
        f'<script src="{script}" data-script="none"></script>'
    )
    host.pages["/sandbox"] = html(
        '<iframe sandbox="allow-scripts" src="/?ringback_token=t-ana"></iframe>'
    )
    host.pages["/strict"] = (
        "text/html; charset=utf-8", html(tag)[1],
        [("content-security-policy",
          f"script-src {script} {official}; connect-src 'none'")],
    )
    host.pages["/twice"] = html(tag + tag)
    host.pages["/away"] = html("gone")

    with sync_playwright() as playwright:
        browser = pages.launch(playwright)
        errors = []

        def opened(path, context=None):
            ringback.forget()
            errors.clear()
            page = (context or browser).new_page()
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.goto(host.address + path, wait_until="load")
            return page

        # A whole call.
        page = opened("/?ringback_token=t-ana&ringback_campaign=9&ringback_recipient=7")
        ready(page)
        check("places the official element with its attributes", page.evaluate(
            f"[{element}.getAttribute('agent-id'), {element}.getAttribute('variant')]"
        ) == ["agent1", "compact"])
        check("sends nothing before the call", ringback.records == [] and set(
            ringback.requests) == {"/widget.js", "/call-report.js"}, ringback.requests)
        variables = page.evaluate(f"""() => {{
            window.own = [];
            const config = {element}.begin({{
                dynamicVariables: {{ own: true }},
                onConnect(connection) {{ window.own.push(connection.conversationId); }},
            }});
            return config.dynamicVariables;
        }}""")
        client = variables.pop("ringback_conversation")
        check("passes the labels as dynamic variables", variables == {
            "own": True, "ringback_campaign": "3", "ringback_recipient": "7",
            "ringback_token": "t-ana"}, variables)
        check("gives the call an id of its own", client.startswith("client_") and len(client) == 43)
        check("sends nothing before the call has its id", ringback.records == [])
        page.evaluate(f"{element}.config.onConnect({{ conversationId: 'conv_1' }})")
        check("leaves the page's own listener", page.evaluate("window.own") == ["conv_1"])
        start = ringback.wait(1)[0]
        check("reports the start under the upstream's id", (
            start["conversation_id"], start["agent_id"], start["status"], start["messages_count"]
        ) == ("conv_1", "agent1", "active", 0), start)
        check("names its own id for the merge", start["metadata"]["ringback_conversation"] == client)
        check("says so as text and without cookies",
              ringback.records[0]["type"].startswith("text/plain")
              and ringback.records[0]["path"] == "/analytics/elevenlabs/conversations"
              and ringback.records[0]["cookie"] is None)
        page.goto(host.address + "/away")
        end = ringback.wait(2)[1]
        check("reports the end by beacon when the page goes", (
            end["conversation_id"], end["status"], end["start_time"]
        ) == ("conv_1", "completed", start["start_time"]) and end["end_time"] >= end["start_time"]
            and end["duration_seconds"] >= 0, end)
        page.close()
        check("reports each end once", len(ringback.records) == 2 and errors == [], errors)

        # A call whose id never comes.
        page = opened("/")
        ready(page)
        client = page.evaluate(f"{element}.begin().dynamicVariables.ringback_conversation")
        page.goto(host.address + "/away")
        end = ringback.wait(1)[0]
        check("a call without the upstream's id has ours", end["conversation_id"] == client
              and end["status"] == "completed", end)
        page.close()

        # It takes long to connect.
        page = browser.new_page()
        ringback.forget()
        page.clock.install()
        page.goto(host.address + "/")
        ready(page)
        client = page.evaluate(f"{element}.begin().dynamicVariables.ringback_conversation")
        page.clock.run_for(60_000)
        start = ringback.wait(1)[0]
        check("a slow call is reported under our id", start["conversation_id"] == client
              and start["status"] == "active", start)
        page.evaluate(f"{element}.config.onConnect({{ conversationId: 'conv_2' }})")
        page.goto(host.address + "/away")
        end = ringback.wait(2)[1]
        check("and keeps it to its end", end["conversation_id"] == client
              and end["metadata"]["ringback_conversation"] == client, end)
        page.close()

        # Two calls on one page.
        page = opened("/")
        ready(page)
        for name in ["conv_3", "conv_4"]:
            page.evaluate(f"{element}.begin(); {element}.config.onConnect({{conversationId: '{name}'}})")
        page.goto(host.address + "/away")
        records = ringback.wait(4)
        check("a second call ends the first", sorted(
            (record["conversation_id"], record["status"]) for record in records) == [
                ("conv_3", "active"), ("conv_3", "completed"),
                ("conv_4", "active"), ("conv_4", "completed")], records)
        page.close()

        # Events that are nothing like the official ones.
        page = opened("/")
        ready(page)
        for detail in ["undefined", "null", "{ config: null }", "{ config: 5 }",
                       "{ config: Object.freeze({}) }",
                       "{ get config() { throw new Error('no') } }"]:
            page.evaluate(f"""{element}.dispatchEvent(new CustomEvent(
                'elevenlabs-convai:call', {{ detail: {detail} }}))""")
        check("throws nothing into the page, whatever comes", errors == [], errors)
        page.close()

        # Storage is blocked: a sandboxed frame has an opaque origin, where it throws.
        page = opened("/sandbox")
        frame = page.frames[1]
        ready(frame)
        check("storage throws there", frame.evaluate(
            "(() => { try { localStorage.length; return false } catch { return true } })()"))
        frame.evaluate(f"{element}.begin(); {element}.config.onConnect({{conversationId: 'conv_5'}})")
        # The page before may tell of its end only now.
        start = ringback.first("conv_5")
        check("works where storage is blocked", start["conversation_id"] == "conv_5"
              and start["metadata"]["ringback_token"] == "t-ana" and errors == [], start)
        page.close()

        # The script stands in the head, before there is a body.
        page = opened("/late")
        ready(page)
        check("waits for the page's body", page.evaluate(f"{element}.parentElement.tagName") == "BODY")
        page.close()

        # The page has an element of its own.
        page = opened("/own")
        ready(page)
        page.wait_for_function("document.querySelector('script[data-ringback-started]')")
        page.wait_for_load_state("networkidle")
        page.evaluate(f"{element}.begin(); {element}.config.onConnect({{conversationId: 'conv_6'}})")
        start = ringback.wait(1)[0]
        check("follows the page's own elements", start["agent_id"] == "agent2", start)
        check("places none beside them", page.evaluate(
            "document.querySelectorAll('elevenlabs-convai').length") == 1)
        page.close()

        # The page's policy lets neither the second script nor any report through.
        page = opened("/strict")
        ready(page)
        page.evaluate(f"{element}.begin()")
        check("a page that refuses the reports keeps its agent", errors == [], errors)
        page.close()

        page = opened("/twice")
        ready(page)
        check("two tags are two elements and no error", errors == [] and page.evaluate(
            "document.querySelectorAll('script[data-ringback-official]').length") == 1, errors)
        page.close()
        browser.close()


main()
