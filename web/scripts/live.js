// Changes as they are committed: a server-sent event says that something has changed, and the page
// takes its own new text from the server, part by part. Nothing moves under the pointer.
import { drawCharts } from "./chart.js";

const apartMilliseconds = 1000;
const spokenApartMilliseconds = 30000;
// What takes longer than a moment is shown to be on its way; the old figures stay meanwhile.
const momentMilliseconds = 100;
// A stream that was refused, as by a server that starts, is not asked for again by the browser.
const againMilliseconds = 5000;
const againMillisecondsMax = 60000;
let source = null;
let paused = false;
let waiting = false;
let busy = false;
let lastAt = 0;
let lastSpoken = 0;
let changed = 0;
let refusals = 0;

export function startLive() {
  if (!document.querySelector("[data-live]")) return;
  document.addEventListener("visibilitychange", connect);
  connect();
}

export function togglePause() {
  paused = !paused;
  for (const button of document.querySelectorAll("[data-action=pause]")) {
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? "Go on" : "Pause";
  }
  // Pages without the button say it beside the age of the last poll.
  document.documentElement.toggleAttribute("data-paused", paused);
  document.getElementById("status").textContent = paused ? "Live changes are paused." : "Live changes go on.";
  connect();
}

function connect() {
  const wanted = !paused && !document.hidden;
  if (!wanted && source) {
    source.close();
    source = null;
  }
  if (wanted && !source) {
    source = new EventSource("/api/v1/live");
    let isFirst = true;
    source.addEventListener("hello", () => {
      state("live");
      refusals = 0;
      // What happened while nobody listened is fetched; the page itself is fresh.
      if (!isFirst || lastAt) refresh();
      isFirst = false;
      lastAt ||= performance.now();
    });
    source.addEventListener("calls", (event) => {
      changed += JSON.parse(event.data).calls.length;
      refresh();
    });
    source.addEventListener("queues", () => {
      if (document.querySelector("[data-live-queues]")) refresh();
    });
    source.onerror = () => {
      state("waiting");
      if (source?.readyState !== EventSource.CLOSED) return;
      source = null;
      // Tabs that were cut off together do not come back together.
      const wait = Math.min(againMilliseconds * 2 ** refusals, againMillisecondsMax);
      setTimeout(connect, wait * (0.5 + Math.random()));
      // Whoever is not signed in any more is told.
      if (refusals === 0) refresh();
      refusals += 1;
    };
  }
  if (!wanted) state(paused ? "paused" : "live");
}

function state(word) {
  for (const place of document.querySelectorAll("[data-live-state]")) {
    if (place.dataset.state === word) continue;
    place.dataset.state = word;
    place.textContent = word;
  }
}

export function refresh() {
  if (waiting) return;
  waiting = true;
  setTimeout(run, Math.max(0, lastAt + apartMilliseconds - performance.now()));
}

async function run() {
  if (busy) return setTimeout(run, 100);
  waiting = false;
  busy = true;
  lastAt = performance.now();
  const ended = updating();
  try {
    const address = new URL(location.href);
    // Costs much and is no part that is renewed.
    address.searchParams.delete("figures");
    const answer = await fetch(address, { headers: { accept: "text/html" }, credentials: "same-origin" });
    if (answer.redirected && new URL(answer.url).pathname === "/sign-in") {
      location.assign(answer.url);
      return;
    }
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    state("waiting");
  } finally {
    ended();
    busy = false;
  }
}

// Dims what is about to be replaced and says so, unless that takes but a moment.
export function updating() {
  const timer = setTimeout(() => { document.body.dataset.updating = ""; }, momentMilliseconds);
  return () => {
    clearTimeout(timer);
    delete document.body.dataset.updating;
  };
}

// The same while another page, or other days, are on their way.
export function startWaiting() {
  let ended = null;
  const begin = () => { ended ??= updating(); };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const leads = link.origin === location.origin && !link.target && !link.hasAttribute("download");
    if (leads && (link.pathname !== location.pathname || link.search !== location.search)) begin();
  });
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && event.target.method === "get") begin();
  });
  // A page that comes back out of the browser's memory waits for nothing.
  window.addEventListener("pageshow", () => { ended?.(); ended = null; });
}

function take(fresh) {
  let charts = false;
  for (const place of document.querySelectorAll("[data-live]")) {
    const other = place.id && fresh.getElementById(place.id);
    if (!other || other.innerHTML === place.innerHTML) continue;
    if (place.contains(document.activeElement) || place.matches(":has(details[open])")) continue;
    if (place.matches("tbody:hover, :has(> .scroll):hover")) continue;
    place.replaceChildren(...other.cloneNode(true).childNodes);
    charts ||= place.dataset.live === "chart";
  }
  if (charts) drawCharts();
  document.dispatchEvent(new CustomEvent("taken"));
  speak();
}

function speak() {
  const now = performance.now();
  if (!changed || (lastSpoken && now - lastSpoken < spokenApartMilliseconds)) return;
  lastSpoken = now;
  const place = document.getElementById("status");
  if (place) {
    place.textContent = changed === 1 ? "1 call is new or has changed." : `${changed} calls are new or have changed.`;
  }
  changed = 0;
}
