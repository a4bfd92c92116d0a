// Buttons that change something: each names its request, and says what became of it.
import { refresh, togglePause } from "./live.js";

export async function send(method, path, body, signal) {
  const answer = await fetch(`/api/v1/${path}`, {
    method,
    credentials: "same-origin",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* not ours */ }
  return { ok: answer.ok, status: answer.status, value };
}

export function say(text) {
  const place = document.querySelector("dialog[open] [data-toast]")
    ?? document.querySelector("[data-toast]") ?? document.getElementById("status");
  if (place) place.textContent = text;
}

export function fault(answer) {
  return answer.value?.detail ?? answer.value?.title ?? answer.value?.error?.message ?? `refused (${answer.status})`;
}

/// What a form sends: its own body, and its fields that are filled in; flags whether they are set or not.
export function bodyOf(form) {
  const body = JSON.parse(form.dataset.body ?? "{}");
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    if (field.dataset.flag !== undefined) body[field.name] = field.checked;
    else if (["checkbox", "radio"].includes(field.type) && !field.checked) continue;
    else if (field.value !== "") body[field.name] = field.dataset.number === undefined ? field.value : Number(field.value);
  }
  return body;
}

export function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
  // The charts' patterns are painted in the colours of the theme.
  if (document.querySelector("[data-chart]")) location.reload();
}

/// Words beside the icons of the rail, or icons alone; the server writes the next page so.
export function toggleRail() {
  const root = document.documentElement;
  const isNarrow = root.dataset.rail !== "narrow";
  if (isNarrow) root.dataset.rail = "narrow";
  else delete root.dataset.rail;
  document.querySelector("[data-action=rail]")?.setAttribute("aria-expanded", String(!isNarrow));
  document.cookie = `rail=${isNarrow ? "narrow" : "wide"}; path=/; max-age=31536000; samesite=lax`;
}

export function startActions() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-action], button[data-send], button[data-copy]");
    if (!button) return;
    switch (button.dataset.action) {
      case "theme": return toggleTheme();
      case "rail": return toggleRail();
      case "help": return document.getElementById("help").showModal();
      case "pause": return togglePause();
      case "sign-out": {
        await fetch("/session", { method: "DELETE", credentials: "same-origin" });
        return location.assign("/sign-in");
      }
    }
    if (button.dataset.copy) return copy(new URL(button.dataset.copy, location.href).href);
    if (button.dataset.send) await act(button, JSON.parse(button.dataset.body ?? "{}"));
  });
  // On the document, since a drawer's forms come later.
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-send]");
    if (!form) return;
    event.preventDefault();
    await act(form, bodyOf(form));
  });
  startKeeping(document.querySelector("form[data-keep]"));
  startCards(document.querySelector("form[data-cards]"));
  const signIn = document.querySelector("form[data-sign-in]");
  signIn?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await fetch("/session", {
      method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" },
      body: JSON.stringify({ token: new FormData(signIn).get("token") }),
    });
    if (answer.ok) location.assign(signIn.dataset.next || "/");
    else say("That is not the token.");
  });
}

// Not every page may use the clipboard: then the link stands there to be copied.
async function copy(address) {
  try {
    await navigator.clipboard.writeText(address);
    say("The link is copied.");
  } catch {
    say(address);
  }
}

async function act(element, body) {
  const { send: method, path, done, ask, reason } = element.dataset;
  if (ask && !confirm(ask)) return;
  if (element.dataset.confirm) {
    const given = prompt(element.dataset.confirm);
    if (!given) return;
    body.confirm = given;
  }
  if (reason) {
    const given = prompt(reason);
    if (!given) return;
    body.reason = given;
  }
  let answer = await send(method, path, method === "DELETE" ? undefined : body);
  // Somebody was first: what they chose stays unless it is to be replaced.
  if (answer.status === 409 && answer.value?.by && body.expected !== undefined) {
    if (!confirm(`${fault(answer)} Replace it?`)) { say(`Kept: ${fault(answer)}`); return refresh(); }
    delete body.expected;
    answer = await send(method, path, body);
  }
  say(answer.ok ? (done ?? "Done.") : `Not done: ${fault(answer)}`);
  if (answer.ok) {
    // What somebody has just chosen here they may change again.
    if (body.expected !== undefined || element.dataset.assignment !== undefined) delete element.dataset.body;
    if (element.dataset.then) return location.assign(element.dataset.then);
    refresh();
    document.dispatchEvent(new CustomEvent("changed"));
  }
}

// The view as it stands, with what its form chooses, under a name.
function startKeeping(form) {
  form?.addEventListener("submit", async (event) => {
    const name = form.querySelector("[data-view-name]")?.value.trim();
    if (!name) return;
    event.preventDefault();
    const query = new URLSearchParams(new FormData(form)).toString();
    const answer = await send("POST", "views", { name, path: location.pathname, query });
    if (!answer.ok) return say(`Not kept: ${fault(answer)}`);
    location.assign(answer.value.link);
  });
}

// Which cards, in which order: part of the address; with a name, kept as a view.
function startCards(form) {
  form?.addEventListener("click", (event) => {
    const item = event.target.closest("[data-up]")?.closest("li");
    if (!item?.previousElementSibling) return;
    item.previousElementSibling.before(item);
    item.querySelector("[data-up]").focus();
  });
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = new FormData(form);
    const query = new URLSearchParams(location.search);
    query.set("cards", data.getAll("card").join(","));
    const name = data.get("name")?.trim();
    if (name) {
      const answer = await send("POST", "views", { name, path: location.pathname, query: query.toString() });
      if (!answer.ok) return say(`Not kept: ${fault(answer)}`);
      return location.assign(answer.value.link);
    }
    location.search = query;
  });
}
