// Campaigns: lists of recipients, looked at before they are imported; changes, seen before they are saved.
import { fault, send } from "./actions.js";

export function startCampaigns() {
  const list = document.querySelector("form[data-import]");
  if (list) startImport(list);
  const change = document.querySelector("form[data-campaign]");
  if (change) startChange(change);
}

// MARK: Recipients

function startImport(form) {
  const go = form.querySelector("[data-import-go]");
  // What was looked at is what is imported: anything else is looked at again.
  form.addEventListener("input", (event) => {
    if (event.target.name !== "addPlus") form.querySelector("[data-import-plus]").hidden = true;
    go.disabled = event.target.name !== "addPlus";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    bring(form, true);
  });
  go.addEventListener("click", () => bring(form, false));
}

async function bring(form, isDryRun) {
  const query = new URLSearchParams();
  if (isDryRun) query.set("dryRun", "true");
  const region = form.elements.region.value.trim();
  if (region) query.set("region", region);
  if (form.elements.createCampaigns.checked) query.set("createCampaigns", "true");
  const plus = form.querySelector("[data-import-plus]");
  const answer = form.querySelector("[name=addPlus]:checked");
  if (!plus.hidden && answer) query.set("addPlus", answer.value);
  const go = form.querySelector("[data-import-go]");
  go.disabled = true;
  say(form, "[data-import-said]", ["Reading…"]);
  const got = await sendList(`recipients/import?${query}`, form.elements.list.files[0]);
  if (!got.ok) return say(form, "[data-import-said]", [`Not imported: ${fault(got)}`]);
  const found = got.value;
  const asks = isDryRun && found.asksForPlus && (plus.hidden || !answer);
  if (asks) {
    plus.hidden = false;
    plus.querySelector("[data-import-examples]").textContent =
      `${found.withoutPlus} numbers begin with the country's code and have no plus, such as `
      + found.examples.map((one) => `${one.text} (as it is ${one.without ?? "no number"}, with it ${one.with ?? "no number"})`).join("; ") + ".";
  }
  say(form, "[data-import-said]", report(found, isDryRun));
  go.disabled = !isDryRun || asks;
  if (!isDryRun) form.reset();
}

async function sendList(path, file) {
  const answer = await fetch(`/api/v1/${path}`, {
    method: "POST", credentials: "same-origin",
    headers: { "content-type": "text/csv", accept: "application/json" }, body: file,
  });
  let value = null;
  try { value = JSON.parse(await answer.text()); } catch { /* not ours */ }
  return { ok: answer.ok, status: answer.status, value };
}

function report(found, isDryRun) {
  const words = isDryRun ? ["would be imported", "would be added"] : ["are imported", "are added"];
  const parts = [
    `Of ${found.rows} rows ${found.imported} ${words[0]}, ${found.repeated} are known already, ${found.rejected} are rejected.`,
    `${found.touches} touches and ${found.campaignsCreated} campaigns ${words[1]}.`,
  ];
  if (found.duplicates) parts.push(`${found.duplicates} numbers stand twice in one campaign.`);
  if (found.acrossCampaigns) parts.push(`${found.acrossCampaigns} numbers stand in several campaigns.`);
  if (found.plusAdded) parts.push(`${found.plusAdded} numbers got a plus.`);
  if (!found.rejectedRows) return parts;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([found.rejectedRows], { type: "text/csv" }));
  link.download = "rejected.csv";
  link.textContent = found.rejectedRowsAreAll ? "The rejected rows, with reasons" : "The first rejected rows, with reasons";
  return [...parts, link];
}

// MARK: A campaign

function startChange(form) {
  const place = "[data-campaign-said]";
  const body = (more) => {
    const sent = { name: form.elements.name.value.trim(), status: form.elements.status.value, ...more };
    const days = Number(form.elements.windowDays.value);
    if (days !== Number(form.dataset.window)) Object.assign(sent, { windowDays: days, apply: form.elements.apply.value });
    return sent;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send("PATCH", `campaigns/${form.dataset.campaign}`, body({ trial: true }));
    say(form, place, answer.ok ? difference(answer.value) : [`Not tried: ${fault(answer)}`]);
  });
  form.querySelector("[data-campaign-save]").addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    const note = form.elements.note.value.trim();
    const answer = await send("PATCH", `campaigns/${form.dataset.campaign}`, body(note ? { note } : {}));
    if (!answer.ok) return say(form, place, [`Not saved: ${fault(answer)}`]);
    const { changed, windowDays, name } = answer.value;
    form.dataset.window = String(windowDays);
    document.querySelector("h1").textContent = name;
    say(form, place, [changed.length ? `Saved: ${changed.join(", ")}.` : "Nothing was changed."]);
  });
}

function difference(found) {
  const { difference: seen } = found;
  if (!seen) return ["Saving changes no credit of a call that is there."];
  const own = seen.campaigns.find((each) => each.campaignID === found.id);
  return [
    `Of ${seen.calls} calls ${seen.changed} would be credited otherwise; ${seen.pinned} stay as a person has said, ${seen.locked} lie in closed months or have lost their content.`,
    own ? `Calls of this campaign: ${own.before} before, ${own.after} after; ${own.gained} gained, ${own.lost} lost.` : "This campaign keeps its calls.",
  ];
}

function say(form, place, parts) {
  form.querySelector(place).replaceChildren(...parts.map((part) => {
    const line = document.createElement("p");
    line.append(part);
    return line;
  }));
}
