// Dead jobs of one error: chosen ones are put back, or dropped for good.
import { fault, say, send } from "./actions.js";

export function startDead() {
  const panel = document.querySelector("[data-dead]");
  if (!panel) return;
  const boxes = () => [...panel.querySelectorAll("input[data-job]")];
  const chosen = () => boxes().filter((box) => box.checked).map((box) => box.dataset.job);
  const show = () => {
    const count = chosen().length;
    panel.querySelector("[data-chosen]").textContent = String(count);
    for (const button of panel.querySelectorAll("[data-dead-do]")) button.disabled = count === 0;
  };
  panel.addEventListener("change", (event) => {
    if (event.target.matches("[data-job-all]")) for (const box of boxes()) box.checked = event.target.checked;
    show();
  });
  panel.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-dead-do]");
    if (!button) return;
    const body = { queue: panel.dataset.dead, ids: chosen() };
    if (button.dataset.deadDo === "discard") {
      const given = prompt(`Type the queue's name to discard ${body.ids.length} jobs for good.`);
      if (!given) return;
      body.confirm = given;
    }
    const answer = await send("POST", `dead/${button.dataset.deadDo}`, body);
    if (answer.ok) location.reload();
    else say(`Not done: ${fault(answer)}`);
  });
  show();
}
