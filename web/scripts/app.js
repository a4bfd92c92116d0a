// What every page does: keys, theme, forms, live changes, charts.
import { startKeys } from "./keys.js";
import { startLive, startWaiting } from "./live.js";
import { drawCharts } from "./chart.js";
import { startActions } from "./actions.js";
import { startAssigning } from "./assign.js";
import { startBulk } from "./bulk.js";
import { startRules } from "./rules.js";
import { startDead } from "./dead.js";
import { startCampaigns } from "./campaigns.js";
import { startDrawer } from "./drawer.js";
import { startExport } from "./export.js";
import { startSettings } from "./settings.js";

for (const select of document.querySelectorAll("form[data-submit] select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
// Fields without a value do not belong in the address.
for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  });
}
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.drop[open], details.tip[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
startActions();
startAssigning();
startBulk();
startDead();
startRules();
startDrawer();
startExport();
startCampaigns();
startSettings();
startKeys();
drawCharts();
startLive();
startWaiting();
