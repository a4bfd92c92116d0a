"""What the tests of the widget share: a stub of the official element, pages, and checks."""

import sys
import time

READY_SECONDS = 60
LOOK_MILLISECONDS = 20

# What the official element does as far as a page can see: one event for each call, with the
# session's configuration, and the connection's id through the configuration's own listener.
STUB = """
customElements.define("elevenlabs-convai", class extends HTMLElement {
  begin(config = { onDisconnect() {} }) {
    this.dispatchEvent(new CustomEvent("elevenlabs-convai:call", {
      bubbles: true, composed: true, detail: { config },
    }));
    this.config = config;
    return config;
  }
});
window.stubbed = true;
"""

ELEMENT = "document.querySelector('elevenlabs-convai')"


def ready(frame):
    """Waits until the element can begin a call.

    Asked again and again from here: a condition that the page itself repeats is refused by a
    Content-Security-Policy.
    """
    end = time.monotonic() + READY_SECONDS
    while not frame.evaluate(f"typeof {ELEMENT}?.begin === 'function'"):
        check("the official element is ready", time.monotonic() < end)
        frame.wait_for_timeout(LOOK_MILLISECONDS)


def html(body, head=""):
    return ("text/html; charset=utf-8", f"<!doctype html><html><head>{head}</head><body>{body}</body></html>")


def check(name, condition, detail=""):
    print(("ok   " if condition else "FAIL ") + name + (f": {detail}" if not condition else ""), flush=True)
    if not condition:
        sys.exit(1)
