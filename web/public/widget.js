// Places the official <elevenlabs-convai> element on a page and reports its calls to Ringback.
//
//   <script src="https://ringback.example.com/widget.js" data-agent-id="agent_…" async></script>
//
// Also: data-campaign, data-recipient, data-token (without them the page's own query says:
// ringback_campaign, ringback_recipient, ringback_token); data-server, where the reports go;
// data-target, a selector of where the element is placed; data-script, the address of the official
// script, or "none" where the page loads it itself; and data-widget-NAME for each attribute NAME of
// the official element. Without data-agent-id the elements that the page has itself are followed.
(() => {
  "use strict";
  const officialScript = "https://unpkg.com/@elevenlabs/convai-widget-embed";
  const elementName = "elevenlabs-convai";
  const script = document.currentScript
    ?? document.querySelector('script[src*="/widget.js"]:not([data-ringback-started])');
  if (!script || script.hasAttribute("data-ringback-started")) return;

  function loadOfficial(address) {
    if (address === "none" || globalThis.customElements?.get(elementName)) return;
    if (document.querySelector("script[data-ringback-official]")) return;
    const official = document.createElement("script");
    official.src = address;
    official.async = true;
    official.setAttribute("data-ringback-official", "");
    document.head.append(official);
  }

  function place(data) {
    const element = document.createElement(elementName);
    element.setAttribute("agent-id", data.agentId);
    for (const { name, value } of script.attributes) {
      if (name.startsWith("data-widget-")) element.setAttribute(name.slice(12), value);
    }
    const target = data.target ? document.querySelector(data.target) : null;
    (target ?? document.body).append(element);
    return element;
  }

  async function start() {
    script.setAttribute("data-ringback-started", "");
    const data = script.dataset;
    const server = data.server || new URL(script.src, document.baseURI).origin;
    let report;
    try {
      report = await import(new URL("call-report.js", script.src).href);
    } catch {
      // A page whose policy refuses it still gets its agent.
    }
    const labels = report?.labelsOf(location.search) ?? {};
    const options = {
      server,
      agentID: data.agentId,
      campaign: data.campaign || labels.campaign,
      recipient: data.recipient || labels.recipient,
      token: data.token || labels.token,
    };
    if (!data.agentId) {
      report?.reportCalls(document, options);
      return;
    }
    const element = place(data);
    report?.reportCalls(element, options);
    loadOfficial(data.script || officialScript);
  }

  function startQuietly() {
    start().catch(() => {});
  }

  if (document.body) startQuietly();
  else document.addEventListener("DOMContentLoaded", startQuietly, { once: true });
})();
