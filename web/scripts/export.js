// A file of the ticked calls, or of the view as it stands: what is asked for, how far it is, the link to it.
import { bodyOf, fault, send } from "./actions.js";
import { pickedCalls } from "./bulk.js";

const lookPauseMilliseconds = 1000;
// As long as a person may be thought to wait; the page of exports shows it later.
const looksMax = 600;
let turn = 0;

export function startExport() {
  const dialog = document.querySelector("dialog[data-export]");
  if (!dialog) return;
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-export-open]")) openExport();
    if (event.target.closest("[data-export-close]")) dialog.close();
  });
  dialog.addEventListener("close", () => { turn += 1; });
  dialog.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    ask(dialog, event.target);
  });
}

/// Opens the dialogue; false on a page without one.
export function openExport() {
  const dialog = document.querySelector("dialog[data-export]");
  if (!dialog) return false;
  const count = pickedCalls().length;
  dialog.querySelector("[data-export-chosen]").textContent =
    count === 1 ? "The selected call." : count ? `The ${count} selected calls.` : dialog.dataset.view;
  say(dialog, "");
  dialog.showModal();
  return true;
}

async function ask(dialog, form) {
  const own = ++turn;
  const calls = pickedCalls();
  const chosen = calls.length ? { calls } : JSON.parse(dialog.dataset.export);
  say(dialog, "Asking…");
  const answer = await send("POST", "exports", { ...chosen, ...bodyOf(form) });
  if (own !== turn) return;
  if (!answer.ok) return say(dialog, `Not exported: ${fault(answer)}`);
  await follow(dialog, own, answer.value.id);
}

async function follow(dialog, own, id) {
  for (let looks = 0; looks < looksMax && own === turn; looks += 1) {
    const answer = await send("GET", `exports/${encodeURIComponent(id)}`);
    if (own !== turn) return;
    const { state, rows, reason } = answer.value ?? {};
    if (state === "finished") {
      const link = document.createElement("a");
      link.href = `/api/v1/exports/${encodeURIComponent(id)}/file`;
      link.download = "";
      link.textContent = `Download ${rows} rows`;
      dialog.querySelector("[data-export-said]").replaceChildren("It is written. ", link);
      return link.focus();
    }
    if (state === "dead" || state === "succeeded") return say(dialog, reason ?? "There was nothing to write.");
    say(dialog, answer.ok ? `The file is being written (${state}).` : `Asking again: ${fault(answer)}`);
    await new Promise((resolve) => { setTimeout(resolve, lookPauseMilliseconds); });
  }
  if (own === turn) say(dialog, "It takes long; the page of exports shows the file when it is written.");
}

function say(dialog, text) {
  dialog.querySelector("[data-export-said]").textContent = text;
}
