"""The widget on pages of another site, with calls that a real server records.

Usage: widget_server.py SERVER PORT KNOWN

The site's origin http://shop.example:PORT must be one of the server's allowed ones;
http://other.example:PORT, which shows the same pages, must not. KNOWN is a conversation that the
server has from the upstream. Whoever calls it plays the upstream: for each printed line `upstream ID
CLIENT` it delivers a conversation of that id with the dynamic variable that CLIENT names ("-" for
none). Prints one line for each case and ends with 0 when all hold.
"""

import http.server
import json
import pathlib
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

from playwright.sync_api import sync_playwright

from official import ELEMENT, STUB, check, html, ready
import pages

WAIT_SECONDS = 120
LOOK_SECONDS = 0.2
ARGUMENTS = ["--no-sandbox", "--host-resolver-rules=MAP *.example 127.0.0.1"]


class Server:
    """What the API says of conversations."""

    def __init__(self, address):
        self.address = address
        self.list_path = f"{address}/analytics/elevenlabs/conversations"

    def one(self, name):
        """A conversation; None when the server knows none."""
        try:
            with urllib.request.urlopen(f"{self.list_path}/{name}", timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            assert error.code == 404, error
            return None

    def until(self, name, holds):
        """Looks until what is said of a conversation holds; returns it, or what stood there last."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            found = self.one(name)
            if (found and holds(found)) or time.monotonic() > end:
                return found or {}
            time.sleep(LOOK_SECONDS)

    def listed(self, *names):
        """How often each conversation stands in the list."""
        with urllib.request.urlopen(f"{self.list_path}?limit=200", timeout=30) as answer:
            ids = [one["conversation_id"] for one in json.load(answer)]
        return [ids.count(name) for name in names]


def serve(port, routes):
    """A site with the same pages under every name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            kind, text, *headers = routes.get(self.path.split("?")[0], ("text/plain", ""))
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

    site = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    site.daemon_threads = True
    threading.Thread(target=site.serve_forever, daemon=True).start()


class Visit:
    """A page with the widget, and what went wrong on it as far as it can see."""

    def __init__(self, context, address, server):
        self.page = context.new_page()
        self.server = server
        self.errors = []
        self.page.add_init_script(
            "window.seen = []; for (const kind of ['error', 'unhandledrejection'])"
            " addEventListener(kind, (event) => window.seen.push(String(event.message ?? event.reason)));")
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address, wait_until="load")
        ready(self.page.main_frame)

    def begin(self):
        """Begins a call; returns the widget's own id of it."""
        return self.page.evaluate(f"{ELEMENT}.begin().dynamicVariables.ringback_conversation")

    def connect(self, name):
        """Gives the call its id; returns the status of the answer to the report."""
        with self.page.expect_response(self.server.list_path) as answer:
            self.page.evaluate(f"{ELEMENT}.config.onConnect({{ conversationId: '{name}' }})")
        return answer.value.status

    def faults(self):
        return self.errors + self.page.evaluate("window.seen")

    def leave(self):
        """Goes elsewhere, which sends the beacon."""
        address = urllib.parse.urlsplit(self.page.url)
        self.page.goto(f"{address.scheme}://{address.netloc}/away")

    def hide(self):
        """Lets the page believe that it goes away; returns the status of the answer to its beacon.

        Of a page that is gone the browser tells nobody what it was answered.
        """
        with self.page.expect_response(self.server.list_path) as answer:
            self.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
        return answer.value.status


def deliver(name, client="-"):
    """Asks the caller for an upstream record."""
    print(f"upstream {name} {client}", flush=True)


def main():
    server, port, known = Server(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    shop, other = (f"http://{name}.example:{port}" for name in ("shop", "other"))
    tag = (
        f'<script src="{server.address}/widget.js" data-agent-id="agent1"'
        f' data-script="/official.js" async></script>'
    )
    serve(port, {
        "/": html(tag),
        "/official.js": ("text/javascript", STUB),
        "/away": html("gone"),
        "/strict": html(tag) + ((
            "content-security-policy",
            f"default-src 'none'; script-src {server.address} 'self'; connect-src {server.address}",
        ),),
    })

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=pages.CHROMIUM, args=ARGUMENTS)
        context = browser.new_context()

        def whole(name, address, context):
            """A call from its start to the page's end."""
            visit = Visit(context, address, server)
            check(f"{name}: nothing is known before the call", server.one(f"conv_{name}") is None)
            client = visit.begin()
            check(f"{name}: the report is taken", visit.connect(f"conv_{name}") == 200)
            start = server.until(f"conv_{name}", bool)
            check(f"{name}: it is active while it lasts", (
                start.get("status"), start.get("agent_id"), start.get("metadata", {}).get(
                    "ringback_conversation"), "end_time" in start
            ) == ("active", "agent1", client, False), start)
            check(f"{name}: the page saw no error", visit.faults() == [], visit.faults())
            visit.leave()
            end = server.until(f"conv_{name}", lambda found: found["status"] != "active")
            check(f"{name}: the beacon ended it", end["status"] == "completed"
                  and end["start_time"] == start["start_time"] and end["duration_seconds"] >= 0
                  and end["end_time"] >= end["start_time"], end)
            visit.page.close()
            return client, end

        # The upstream delivers it afterwards, by the same id.
        client, end = whole("shop", f"{shop}/?ringback_token=t-ana", context)
        check("the page's labels stand with it", end["metadata"]["ringback_token"] == "t-ana", end)
        deliver("conv_shop")
        met = server.until("conv_shop", lambda found: found["messages_count"] > 0)
        check("the upstream's record is the one that counts", met["messages_count"] > 0
              and met["agent_id"] != "agent1" and met["start_time"] != end["start_time"], met)
        check("what the page knew stands beside it", met["metadata"] == end["metadata"], met)
        check("both are one", server.listed("conv_shop", client) == [1, 0])

        # The page never learns the id; the record arrives after its end.
        visit = Visit(context, shop, server)
        client = visit.begin()
        visit.leave()
        end = server.until(client, bool)
        check("it has the widget's own id", end.get("conversation_id") == client
              and end["status"] == "completed", end)
        deliver("conv_named", client)
        met = server.until(client, lambda found: found["conversation_id"] != client)
        check("the variable leads to the upstream's record", met["conversation_id"] == "conv_named"
              and met["metadata"]["ringback_conversation"] == client, met)
        check("both are one by either id", server.one("conv_named") == met
              and server.listed("conv_named", client) == [1, 0])
        visit.page.close()

        # The record arrives while the page is still open: its end changes nothing.
        for name, connects in (("conv_early", True), ("conv_early_named", False)):
            visit = Visit(context, shop, server)
            client = visit.begin()
            if connects:
                visit.connect(name)
            deliver(name, client)
            met = server.until(name, lambda found: found["messages_count"] > 0)
            check(f"{name}: the beacon is taken", visit.hide() == 200)
            check(f"{name}: the upstream wins over a late end", server.one(name) == met
                  and server.listed(name, client) == [1, 0], server.one(name))
            visit.page.close()

        # Somebody's page speaks of a conversation that the upstream has.
        before = server.one(known)
        visit = Visit(context, shop, server)
        visit.begin()
        check("a report on the upstream's conversation is heard", visit.connect(known) == 200)
        check("and its end", visit.hide() == 200)
        check("it changes nothing", before is not None and server.one(known) == before, before)
        visit.page.close()

        whole("strict", f"{shop}/strict", context)

        # A page of an origin that nobody has allowed.
        visit = Visit(context, other, server)
        client = visit.begin()
        check("a report from elsewhere is refused", visit.connect("conv_other") == 403)
        check("the page sees nothing of it", visit.faults() == [], visit.faults())
        check("neither is the end taken", visit.hide() == 403)
        check("nothing is known of it", server.one("conv_other") is None and server.one(client) is None)
        visit.page.close()
        browser.close()

        # A browser that lets no page store anything.
        with tempfile.TemporaryDirectory() as folder:
            preferences = pathlib.Path(folder) / "Default" / "Preferences"
            preferences.parent.mkdir()
            preferences.write_text(json.dumps(
                {"profile": {"default_content_setting_values": {"cookies": 2}}}))
            blocked = playwright.chromium.launch_persistent_context(
                folder, executable_path=pages.CHROMIUM, args=ARGUMENTS)
            page = blocked.new_page()
            page.goto(f"{shop}/away")
            check("storage throws there", page.evaluate(
                "(() => { try { localStorage.length; return false } catch { return true } })()"))
            page.close()
            whole("blocked", shop, blocked)
            blocked.close()


main()
