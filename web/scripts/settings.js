// Settings that are changed on the page: while somebody types, what that would do; when it is saved,
// what it did.
import { bodyOf, fault, send } from "./actions.js";
import { refresh } from "./live.js";

const pauseMilliseconds = 400;
const turns = new WeakMap();

// Counting anew changes no call, so no event tells of it; a large store takes minutes.
const lookPauseMilliseconds = 3000;
const looksMax = 1200;
let looks = 0;

export function startSettings() {
  document.querySelector("form[data-new-token]")?.addEventListener("submit", make);
  document.querySelector("form[data-probe]")?.addEventListener("submit", probe);
  if (!document.querySelector("form[data-setting]")) return;
  document.addEventListener("taken", follow);
  follow();
  for (const form of document.querySelectorAll("form[data-setting]")) {
    let timer = null;
    form.addEventListener("input", () => {
      clearTimeout(timer);
      turns.set(form, (turns.get(form) ?? 0) + 1);
      timer = setTimeout(() => look(form), pauseMilliseconds);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      save(form, form.dataset.setting, bodyOf(form));
    });
    form.querySelector("[data-shipped]")?.addEventListener("click", () => {
      clearTimeout(timer);
      save(form, "DELETE", { shipped: true });
    });
  }
}

// The token is shown here, once.
async function make(event) {
  event.preventDefault();
  const place = event.target.querySelector("[role=status]");
  const answer = await send("POST", "tokens", bodyOf(event.target));
  if (!answer.ok) {
    place.textContent = `Not made: ${fault(answer)}`;
    return;
  }
  const code = document.createElement("code");
  code.textContent = answer.value.token;
  place.replaceChildren(`The token of ${answer.value.name}, shown this once: `, code);
  event.target.reset();
}

// Tries something out, and says what came of it.
async function probe(event) {
  event.preventDefault();
  const answer = await send("POST", event.target.dataset.path);
  tell(event.target, answer.ok ? answer.value.text : `Not tried: ${fault(answer)}`);
  refresh();
}

// Looks again while calls are being counted anew.
function follow() {
  if (!document.querySelector("#rebuild p") || looks >= looksMax) return;
  looks += 1;
  setTimeout(refresh, lookPauseMilliseconds);
}

async function look(form) {
  const turn = turns.get(form);
  if (!form.checkValidity()) return tell(form, form.querySelector(":invalid").validationMessage);
  const answer = await send("POST", `${form.dataset.path}/trial`, bodyOf(form));
  // Somebody has typed on, or saved, meanwhile.
  if (turn !== turns.get(form)) return;
  tell(form, answer.ok ? answer.value.text : fault(answer));
}

async function save(form, method, body) {
  turns.set(form, (turns.get(form) ?? 0) + 1);
  const trial = await send("POST", `${form.dataset.path}/trial`, body);
  if (!trial.ok) return tell(form, `Not saved: ${fault(trial)}`);
  const { ask, path } = form.dataset;
  if (ask && !confirm(`${trial.value.text}\n${ask}`)) return tell(form, "Left as it was.");
  // What takes something away for good asks for its word.
  if (trial.value.word) {
    const given = prompt(`${trial.value.text}\nType ${trial.value.word} to do so.`);
    if (!given) return tell(form, "Left as it was.");
    body.confirm = given;
  }
  const answer = await send(method, path, method === "DELETE" ? undefined : body);
  if (!answer.ok) return tell(form, `Not saved: ${fault(answer)}`);
  if (method === "DELETE") fill(form);
  if (form.dataset.then) return location.assign(form.dataset.then);
  tell(form, `Saved. ${trial.value.text}`);
  refresh();
}

// The fields as they are shipped.
function fill(form) {
  for (const [name, value] of new URLSearchParams(form.querySelector("[data-shipped]").dataset.shipped)) {
    const field = form.elements[name];
    if (field.type === "checkbox") field.checked = value === "1";
    else field.value = value === "none" ? "" : value;
  }
}

function tell(form, text) {
  form.querySelector("output").textContent = text;
}
