// The rules' text: what is wrong with it at which line, what it says in words, which of the last
// calls it would count, and its roles.
import { fault, say, send } from "./actions.js";

const pauseMilliseconds = 400;
const kinds = { added: "added", withdrawn: "withdrawn", changed: "another type or worth" };
let asking = null;

export function startRules() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-activate]");
    if (button) activate(button.dataset.activate);
  });
  startRescore(document.querySelector("[data-rescore]"));
  const editor = document.querySelector("[data-rules]");
  if (!editor) return;
  const text = editor.querySelector("[data-rules-text]");
  let timer = null;
  text.addEventListener("input", () => {
    clearTimeout(timer);
    asking?.abort();
    timer = setTimeout(() => look(editor, text), pauseMilliseconds);
  });
  attempt(editor, text);
  editor.addEventListener("click", async (event) => {
    const line = event.target.closest("[data-line]");
    if (line) return mark(text, Number(line.dataset.line));
    const role = event.target.closest("[data-rules-do]")?.dataset.rulesDo;
    if (role) await keep(editor, text, role);
  });
}

const sent = (editor, text) => ({ text: text.value, form: editor.dataset.form });

async function look(editor, text) {
  const asked = text.value;
  if (await check(editor, text) && asked === text.value) await attempt(editor, text);
}

/// Whether the text is whole.
async function check(editor, text) {
  const asked = text.value;
  const answer = await send("POST", "rules/check", sent(editor, text));
  if (asked !== text.value) return false;
  if (!answer.ok) {
    say(`Not checked: ${fault(answer)}`);
    return false;
  }
  const { problems, echo } = answer.value;
  const list = problems.map((problem) => {
    const item = document.createElement("li");
    if (problem.line) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.dataset.line = problem.line;
      button.textContent = `line ${problem.line}`;
      item.append(button, " ");
    }
    item.append(problem.field ? `${problem.field}: ${problem.reason}` : problem.reason);
    return item;
  });
  if (!list.length) {
    const item = document.createElement("li");
    item.className = "faint";
    item.textContent = "Nothing.";
    list.push(item);
  }
  editor.querySelector("[data-rules-problems]").replaceChildren(...list);
  text.setAttribute("aria-invalid", String(problems.length > 0));
  // What it said last stays while it says nothing.
  if (echo.length) show(editor, echo);
  return problems.length === 0;
}

function show(editor, echo) {
  editor.querySelector("[data-rules-echo]").replaceChildren(...echo.map((rule) => {
    const entry = document.createElement("div");
    const name = document.createElement("dt");
    const words = document.createElement("dd");
    const code = document.createElement("code");
    code.textContent = rule.rule;
    name.append(code);
    words.textContent = rule.text;
    entry.append(name, words);
    return entry;
  }));
}

// What the text would count of the last calls; what was asked before is given up.
async function attempt(editor, text) {
  const panel = document.querySelector("[data-rules-trial]");
  if (!panel || !text.value.trim()) return;
  asking?.abort();
  const own = asking = new AbortController();
  panel.setAttribute("aria-busy", "true");
  let answer;
  try {
    answer = await send("POST", "rules/trial", sent(editor, text), own.signal);
  } catch {
    // Given up for a newer text, or the server is away: what was said last stays.
    return;
  } finally {
    if (asking === own) panel.removeAttribute("aria-busy");
  }
  if (asking !== own) return;
  panel.querySelector("[data-rules-said]").textContent = answer.ok ? answer.value.text : `Not tried: ${fault(answer)}`;
  const rows = answer.ok ? answer.value.rows : [];
  panel.querySelector("[data-rules-table]").hidden = !rows.length;
  panel.querySelector("tbody").replaceChildren(...rows.map(tried));
}

function tried(row) {
  const line = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.append(link(`/calls/${row.call}`, row.started ? row.started.replace("T", " ").slice(0, 16) : row.conversation));
  const word = (outcome, type) => outcome === "yes" ? type : outcome;
  const places = document.createElement("ul");
  for (const place of row.evidence) {
    const item = document.createElement("li");
    item.append(place.turn === null ? `${place.rule}: ${place.detail}` : link(`/calls/${row.call}#turn-${place.turn}`, `${place.rule}: ${place.detail}`));
    places.append(item);
  }
  const cells = [word(row.before, row.typeBefore), word(row.after, row.typeAfter), kinds[row.change] ?? "as before"].map((text) => {
    const cell = document.createElement("td");
    cell.textContent = text;
    return cell;
  });
  const last = document.createElement("td");
  last.append(places);
  line.append(head, ...cells, last);
  if (row.change) line.className = `is-${row.change}`;
  return line;
}

function link(path, text) {
  const made = document.createElement("a");
  made.href = path;
  made.textContent = text;
  return made;
}

function mark(text, line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
}

async function keep(editor, text, role) {
  const name = editor.querySelector("[data-rules-name]").value.trim();
  const answer = await send("POST", "rules", { ...sent(editor, text), ...(name ? { name } : {}) });
  if (!answer.ok) return say(`Not kept: ${fault(answer)}`);
  const { version } = answer.value;
  if (role === "activate") return activate(version);
  if (role === "shadow") {
    const pointed = await send("POST", `rules/${version}/shadow`, {});
    if (!pointed.ok) return say(`Kept, but not in shadow: ${fault(pointed)}`);
  }
  location.assign(`/conversions?version=${encodeURIComponent(version)}`);
}

async function activate(version) {
  let answer = await send("POST", `rules/${version}/activate`, {});
  if (answer.status === 409 && answer.value?.warnings) {
    const warnings = answer.value.warnings.join("\n");
    if (!confirm(`The labels that were held back speak against it:\n${warnings}\nGo on?`)) {
      return say("Kept as it was.");
    }
    answer = await send("POST", `rules/${version}/activate`, { confirm: true });
  }
  if (!answer.ok) return say(`Not activated: ${fault(answer)}`);
  location.assign("/conversions");
}

// Judging calls anew: what would change first, then the start of just that.
function startRescore(form) {
  if (!form) return;
  const panel = form.closest("[data-rescores]");
  const said = panel.querySelector("[data-rescore-said]");
  const start = form.querySelector("[data-rescore-start]");
  const order = (dryRun) => ({
    version: form.dataset.rescore, from: form.elements.from.value, to: form.elements.to.value, dryRun,
    closedReason: form.elements.closedReason.value.trim() || undefined,
  });
  form.addEventListener("input", () => { start.hidden = true; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    start.hidden = true;
    said.textContent = "Looking …";
    const asked = JSON.stringify(order(true));
    const answer = await send("POST", "rescores", order(true));
    if (asked !== JSON.stringify(order(true))) return;
    const found = answer.value;
    said.textContent = answer.ok
      ? `Of ${found.calls} calls ${found.added} become conversions, ${found.withdrawn} stop being, ${found.changed} change type or worth; `
        + `${found.conversionsBefore} conversions become ${found.conversionsAfter}. ${found.locked} calls of closed months or without content stay.`
      : `Not tried: ${fault(answer)}`;
    panel.querySelector("[data-rescore-types]").replaceChildren(...(answer.ok ? found.types : []).map((part) => {
      const item = document.createElement("li");
      item.textContent = `${part.type}: ${part.added} added, ${part.withdrawn} withdrawn, ${part.changed} changed`;
      return item;
    }));
    panel.querySelector("[data-rescore-changes]").replaceChildren(...(answer.ok ? found.changes : []).map((change) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = `/calls/${change.call}`;
      link.textContent = change.conversation;
      item.append(link, ` ${kinds[change.kind]}: ${change.typeBefore ?? "none"} → ${change.typeAfter ?? "none"}`);
      return item;
    }));
    start.hidden = !answer.ok || found.calls === 0;
  });
  start.addEventListener("click", async () => {
    start.disabled = true;
    const answer = await send("POST", "rescores", order(false));
    start.disabled = false;
    if (!answer.ok) {
      said.textContent = `Not started: ${fault(answer)}`;
      return;
    }
    location.assign("/conversions#rescore-title");
    location.reload();
  });
}
