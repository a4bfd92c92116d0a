// One call beside the list: rows open in a drawer, `j` and `k` walk on while it is open. The address
// names the open call, so that it can be passed on; without script a row leads to the call's page.
import { rows } from "./keys.js";

let drawer = null;
let asked = 0;
let from = null;

export function startDrawer() {
  const detail = document.querySelector("[data-detail]");
  if (detail) document.addEventListener("changed", () => renew(detail));
  drawer = document.querySelector("dialog[data-drawer]");
  if (!drawer) return;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("tr[data-call] a[data-open]");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link.closest("tr").dataset.call, { remember: true });
  });
  drawer.addEventListener("click", (event) => {
    // A click beside it; what stands in it is in elements of its own.
    if (event.target === drawer || event.target.closest("[data-drawer-close]")) drawer.close();
  });
  drawer.addEventListener("close", () => {
    drawer.querySelector("[data-drawer-body]").replaceChildren();
    if (named()) remember(null);
    const row = from && rowOf(from);
    from = null;
    row?.querySelector("[data-open]")?.focus({ preventScroll: true });
  });
  window.addEventListener("popstate", () => {
    const id = named();
    if (id) open(id, {});
    else if (drawer.open) drawer.close();
  });
  document.addEventListener("changed", () => { if (drawer.open && from) open(from, {}); });
  document.addEventListener("taken", () => { if (drawer.open) mark(from); });
  if (named()) open(named(), {});
}

/// A call's own page shows what somebody has just made of it.
async function renew(detail) {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-detail]");
  if (!fresh) return;
  const said = detail.querySelector("[data-toast]")?.textContent;
  const { name, dataset } = document.activeElement;
  const isInside = detail.contains(document.activeElement);
  detail.replaceChildren(...fresh.childNodes);
  const toast = detail.querySelector("[data-toast]");
  if (toast && said) toast.textContent = said;
  if (!isInside) return;
  const place = [...detail.querySelectorAll("input, select, button")].find((each) =>
    name ? each.name === name : dataset.path !== undefined && each.dataset.path === dataset.path);
  (place ?? document.getElementById("main")).focus({ preventScroll: true });
}

export const isDrawerOpen = () => Boolean(drawer?.open);

/// The next or the previous row into the open drawer.
export function walk(by) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.call === from);
  const next = all[Math.min(all.length - 1, Math.max(0, at + by))];
  if (next && next.dataset.call !== from) open(next.dataset.call, { remember: true });
  next?.scrollIntoView({ block: "nearest" });
  return true;
}

const named = () => {
  const id = new URLSearchParams(location.search).get("open");
  return /^[0-9]+$/.test(id ?? "") ? id : null;
};

const rowOf = (id) => rows().find((row) => row.dataset.call === id);

function mark(id) {
  for (const row of rows()) row.classList.toggle("at", row.dataset.call === id);
}

function remember(id) {
  const address = new URL(location.href);
  if (id) address.searchParams.set("open", id);
  else address.searchParams.delete("open");
  history.replaceState(null, "", address);
}

async function open(id, { remember: isNew }) {
  const turn = ++asked;
  const body = drawer.querySelector("[data-drawer-body]");
  const page = rowOf(id)?.querySelector("[data-open]")?.getAttribute("href") ?? `/calls/${id}`;
  drawer.querySelector("[data-drawer-page]").href = page;
  const isSame = from === id;
  from = id;
  mark(id);
  if (isNew) remember(id);
  if (!drawer.open) drawer.showModal();
  body.setAttribute("aria-busy", "true");
  let text;
  try {
    const answer = await fetch(page, { headers: { accept: "text/html" }, credentials: "same-origin" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const detail = fresh.querySelector("[data-detail]");
    if (detail) {
      const head = document.createElement("h2");
      head.textContent = fresh.querySelector("h1")?.textContent ?? "";
      detail.prepend(head);
    }
    text = detail ?? document.createTextNode(answer.ok ? "" : "This call cannot be shown.");
  } catch {
    text = document.createTextNode("The server does not answer; try again.");
  }
  // Another one was asked for meanwhile, or it was closed.
  if (turn !== asked || !drawer.open) return;
  const said = isSame ? body.querySelector("[data-toast]")?.textContent : "";
  body.removeAttribute("aria-busy");
  body.replaceChildren(text);
  const toast = body.querySelector("[data-toast]");
  if (toast && said) toast.textContent = said;
  if (!isSame) drawer.scrollTop = 0;
}
