// Assigning calls by mouse and by keys: digits are suggestions, `0` is no campaign, `s` the scope,
// `z` takes the last one back.
import { fault, say, send } from "./actions.js";
import { refresh } from "./live.js";
import { move, rows } from "./keys.js";

const scopes = ["call", "caller", "future"];
const undo = [];

export function startAssigning() {
  const page = document.querySelector("[data-assigning]");
  if (!page) return;
  const scope = page.querySelector("[name=scope]");
  const all = page.querySelector("[data-scope-all]");
  const show = () => all.setAttribute("aria-pressed", String(scope.value === "caller"));
  const choose = (value) => {
    scope.value = value;
    show();
    say(`Scope: ${scope.selectedOptions[0].textContent}`);
  };
  // The browser may bring back what was chosen before.
  show();
  scope.addEventListener("change", show);
  all.addEventListener("click", () => choose("caller"));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-assign]");
    if (button) assign(button, scope.value);
    if (event.target.closest("[data-undo]")) takeBack();
  });
  document.addEventListener("change", (event) => {
    const select = event.target.closest("select[data-other]");
    if (select?.value) assign(select, scope.value, select.value);
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, dialog[open]")) return;
    if (/^[0-5]$/.test(event.key)) {
      if (!document.querySelector("[data-row].at")) move(1);
      const row = document.querySelector("[data-row].at");
      const button = row?.querySelector(`[data-digit="${event.key}"]`);
      if (button) { event.preventDefault(); assign(button, scope.value); }
    } else if (event.key === "s") {
      event.preventDefault();
      choose(scopes[(scopes.indexOf(scope.value) + 1) % scopes.length]);
    } else if (event.key === "A") {
      event.preventDefault();
      choose("caller");
    } else if (event.key === "z") {
      event.preventDefault();
      takeBack();
    }
  });
}

async function assign(element, scope, other) {
  const row = element.closest("[data-row]");
  const chosen = other ?? element.dataset.assign;
  const campaign = chosen === "" || chosen === "none" ? null : Number(chosen);
  const body = { campaign, scope };
  if (row.dataset.expected !== undefined && row.dataset.expected !== "") body.expected = JSON.parse(row.dataset.expected);
  let answer = await send("POST", `calls/${row.dataset.call}/assignment`, body);
  if (answer.status === 409) {
    const text = answer.value?.detail ?? "Somebody else assigned this call meanwhile.";
    if (!confirm(`${text} Replace it?`)) { say(text); return refresh(); }
    delete body.expected;
    answer = await send("POST", `calls/${row.dataset.call}/assignment`, body);
  }
  if (!answer.ok) return say(`Not assigned: ${fault(answer)}`);
  undo.push({ change: answer.value.undo, row });
  const name = element.dataset.name ?? element.selectedOptions?.[0]?.textContent ?? "no campaign";
  const all = rows();
  const next = all[all.indexOf(row) + 1] ?? all[all.indexOf(row) - 1];
  row.remove();
  all.forEach((each) => each.classList.remove("at"));
  if (next) {
    next.classList.add("at");
    (next.querySelector("[data-open]") ?? next).focus({ preventScroll: true });
  }
  say(`Assigned to ${name}. z takes it back.`);
  for (const button of document.querySelectorAll("[data-undo]")) button.disabled = false;
  refresh();
}

async function takeBack() {
  const last = undo.pop();
  if (!last) return say("There is nothing to take back.");
  const answer = await send("POST", `changes/${last.change}/undo`, {});
  say(answer.ok ? "Taken back." : `Not taken back: ${fault(answer)}`);
  if (!undo.length) for (const button of document.querySelectorAll("[data-undo]")) button.disabled = true;
  refresh();
}
