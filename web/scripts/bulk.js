// Many calls at once: ticked rows, one change of them all, and what takes it back.
import { fault, say, send } from "./actions.js";
import { refresh } from "./live.js";

const picked = new Set();
const undo = [];
let last = null;

export function startBulk() {
  const bar = document.querySelector("[data-bulk]");
  if (!bar) return;
  document.addEventListener("click", (event) => {
    const box = event.target.closest("input[data-pick]");
    if (box) tick(box, event.shiftKey);
    if (event.target.closest("[data-bulk-undo]")) takeBack(bar);
  });
  document.addEventListener("change", (event) => {
    const all = event.target.closest("input[data-pick-all]");
    if (!all) return;
    for (const box of boxes()) set(box, all.checked);
    show(bar);
  });
  // New rows of a live list take over what was ticked.
  document.addEventListener("taken", () => show(bar));
  bar.addEventListener("change", (event) => {
    const select = event.target.closest("select");
    if (!select?.value) return;
    const change = asked(select);
    select.value = "";
    run(bar, change);
  });
  bar.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-bulk-tag]");
    if (!form) return;
    event.preventDefault();
    const change = event.submitter?.value === "untag" ? "untag" : "tag";
    run(bar, { change, calls: pickedCalls(), tag: form.elements.tag.value });
    form.reset();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key !== "z") return;
    if (event.target.closest("input:not([type=checkbox]), select, textarea, dialog[open]")) return;
    event.preventDefault();
    takeBack(bar);
  });
  document.addEventListener("picked", () => show(bar));
  show(bar);
}

/// Ticks or unticks the row that the keys stand on.
export function pickRow(row) {
  const box = row?.querySelector("input[data-pick]");
  if (!box) return false;
  set(box, !box.checked);
  document.dispatchEvent(new CustomEvent("picked"));
  return true;
}

/// The calls that are ticked, by number.
export const pickedCalls = () => [...picked].map(Number);

const boxes = () => [...document.querySelectorAll("input[data-pick]")];

function set(box, isOn) {
  box.checked = isOn;
  if (isOn) picked.add(box.dataset.pick);
  else picked.delete(box.dataset.pick);
}

function tick(box, isRange) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
  const isOn = box.checked;
  for (const each of isRange && from >= 0 ? all.slice(from, to + 1) : [box]) set(each, isOn);
  last = box;
  document.dispatchEvent(new CustomEvent("picked"));
}

function show(bar) {
  for (const box of boxes()) box.checked = picked.has(box.dataset.pick);
  const shown = boxes();
  const all = document.querySelector("[data-pick-all]");
  if (all) {
    all.checked = shown.length > 0 && shown.every((box) => box.checked);
    all.indeterminate = !all.checked && shown.some((box) => box.checked);
  }
  bar.querySelector("[data-picked]").textContent = String(picked.size);
  for (const field of bar.querySelectorAll("select, input, [data-bulk-tag] button, [data-export-open]")) field.disabled = picked.size === 0;
  bar.querySelector("[data-bulk-undo]").disabled = undo.length === 0;
}

function asked(select) {
  const calls = pickedCalls();
  const word = select.value;
  if (select.dataset.bulkCampaign !== undefined) {
    return { change: "assign", calls, scope: "call", campaign: word === "none" ? null : Number(word) };
  }
  if (select.dataset.bulkReason !== undefined) {
    return word === "include" ? { change: "include", calls } : { change: "exclude", calls, reason: word };
  }
  return { change: "label", calls, value: word, rule: select.selectedOptions[0].dataset.rule };
}

const counted = (count) => `${count} ${count === 1 ? "call" : "calls"}`;

async function run(bar, change) {
  const answer = await send("POST", "calls/changes", change);
  if (!answer.ok) return say(`Not done: ${fault(answer)}`);
  const { changed, refused, undo: back } = answer.value;
  if (back.length) undo.push(back);
  const left = refused.length ? `; ${refused.length} left as they are: ${refused[0].reason}` : "";
  say(`${counted(changed.length)} changed${left}.`);
  picked.clear();
  show(bar);
  refresh();
}

async function takeBack(bar) {
  const requests = undo.pop();
  if (!requests) return say("There is nothing to take back.");
  let count = 0;
  for (const request of requests) {
    const answer = await send("POST", "calls/changes", request);
    if (!answer.ok) {
      say(`Not taken back: ${fault(answer)}`);
      show(bar);
      return refresh();
    }
    count += answer.value.changed.length;
  }
  say(`Taken back for ${counted(count)}.`);
  show(bar);
  refresh();
}
