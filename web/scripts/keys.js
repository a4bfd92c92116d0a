// The keys of the help overlay. Off inside fields, and altogether when a person says so.
import { toggleRail, toggleTheme } from "./actions.js";
import { togglePause } from "./live.js";
import { pickRow } from "./bulk.js";
import { openExport } from "./export.js";
import { isDrawerOpen, walk } from "./drawer.js";

const offKey = "ringback-keys-off";
let went = false;

const areOff = () => { try { return localStorage.getItem(offKey) === "1"; } catch { return false; } };

export function startKeys() {
  for (const box of document.querySelectorAll("[data-action=keys]")) {
    box.checked = !areOff();
    box.addEventListener("change", () => {
      try { localStorage.setItem(offKey, box.checked ? "0" : "1"); } catch { /* it holds for this page */ }
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const field = event.target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");
    const dialog = event.target.closest("dialog[open]");
    if (field || (dialog && !isDrawerOpen())) return;
    if (areOff() && event.key !== "Escape") return;
    if (press(event.key, event)) event.preventDefault();
  });
}

function follow(link) {
  if (link) location.assign(link.href);
  return Boolean(link);
}

function click(link) {
  link?.click();
  return Boolean(link);
}

function press(key, event) {
  const find = (selector) => document.querySelector(selector);
  if (isDrawerOpen()) {
    // The rest of the page rests; the browser closes the drawer by itself.
    if (key === "j" || key === "k") return walk(key === "j" ? 1 : -1);
    if ("ynu".includes(key)) find(`dialog[open] [data-label=${key}]`)?.click();
    return "ynu".includes(key);
  }
  if (went) {
    went = false;
    return follow(find(`[data-key="${CSS.escape(key)}"]`));
  }
  switch (key) {
    case "g": went = true; return true;
    case "?": find("#help").showModal(); return true;
    case "/": {
      // A page's own search goes before that of every page.
      const search = find("input[type=search]:not([data-find])") ?? find("[data-find]");
      if (search) search.focus(); else location.assign("/calls#search");
      return true;
    }
    case "j": case "k": return move(key === "j" ? 1 : -1);
    case "Enter": return event.target === document.body && click(find(".at [data-open]"));
    case "s": return pickRow(find("[data-row].at"));
    case "ArrowLeft": return follow(find("[data-period=previous]"));
    case "ArrowRight": return follow(find("[data-period=next]"));
    case "x": return follow(find("[data-compare]"));
    case "f": {
      // Pages without a choice of agents have their own filters.
      const filter = find("#filter-agent") ?? find("main form[method=get].filters:not([action]) :is(select, input:not([type=hidden]))");
      filter?.focus();
      return Boolean(filter);
    }
    case "e": return openExport();
    case "l": {
      const place = find("[data-bulk-label]:enabled") ?? find("[data-labelling] button");
      place?.focus();
      return Boolean(place);
    }
    case "r": togglePause(); return true;
    case "T": toggleTheme(); return true;
    case "[": toggleRail(); return true;
    case "Escape": {
      const open = find("details[open].drop, details[open].tip");
      if (open) { open.open = false; return true; }
      return follow(find("[data-clear]"));
    }
    default: {
      if (key === "b") return follow(find("[data-back]"));
      if (find("[data-labelling]") && "ynu".includes(key)) {
        find(`[data-label=${key}]`)?.click();
        return true;
      }
      return "dwtmy".includes(key) && follow(find(`[data-range="${key}"]`));
    }
  }
}

export function rows() { return [...document.querySelectorAll("[data-row]")]; }

export function move(by) {
  const all = rows();
  if (!all.length) return false;
  const at = all.findIndex((row) => row.classList.contains("at"));
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  all.forEach((row) => row.classList.toggle("at", row === next));
  (next.querySelector("[data-open]") ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}
