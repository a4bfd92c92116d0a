// Buttons that change something: each names its request, and says what became of it.
import { refresh, togglePause } from "./live.js";

export async function send(method, path, body) {
  const answer = await fetch(`/api/v1/${path}`, {
    method,
    credentials: "same-origin",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  let value = null;
  try { value = text ? JSON.parse(text) : null; } catch { /* not ours */ }
  return { ok: answer.ok, status: answer.status, value };
}

export function say(text) {
  const place = document.querySelector("[data-toast]") ?? document.getElementById("status");
  if (place) place.textContent = text;
}

export function fault(answer) {
  return answer.value?.detail ?? answer.value?.title ?? answer.value?.error?.message ?? `refused (${answer.status})`;
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

export function startActions() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button[data-action], button[data-send]");
    if (!button) return;
    switch (button.dataset.action) {
      case "theme": return toggleTheme();
      case "help": return document.getElementById("help").showModal();
      case "pause": return togglePause();
      case "sign-out": {
        await fetch("/session", { method: "DELETE", credentials: "same-origin" });
        return location.assign("/sign-in");
      }
    }
    if (button.dataset.send) await act(button, JSON.parse(button.dataset.body ?? "{}"));
  });
  for (const form of document.querySelectorAll("form[data-send]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const body = JSON.parse(form.dataset.body ?? "{}");
      for (const [name, value] of new FormData(form)) if (value !== "") body[name] = value;
      await act(form, body);
    });
  }
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

async function act(element, body) {
  const { send: method, path, done, ask, reason } = element.dataset;
  if (ask && !confirm(ask)) return;
  if (reason) {
    const given = prompt(reason);
    if (!given) return;
    body.reason = given;
  }
  const answer = await send(method, path, method === "DELETE" ? undefined : body);
  say(answer.ok ? (done ?? "Done.") : `Not done: ${fault(answer)}`);
  if (answer.ok) {
    if (element.dataset.then) location.assign(element.dataset.then);
    else refresh();
  }
}
