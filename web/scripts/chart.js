// Draws charts from the tables beside them: the table is the data, the chart a picture of it.

const charts = new WeakMap();

export function drawCharts() {
  if (!window.Chart) return;
  for (const place of document.querySelectorAll("[data-chart]")) draw(place);
}

function draw(place) {
  const table = document.getElementById(place.dataset.table);
  const data = read(table);
  const chart = charts.get(place);
  if (chart) {
    chart.data.labels = data.labels;
    chart.data.datasets.forEach((set, index) => { set.data = sets(data)[index]; });
    chart.update("none");
    return;
  }
  place.classList.add("drawn", "as-chart");
  charts.set(place, make(place.querySelector("canvas"), data));
  const buttons = place.closest(".panel").querySelectorAll("[data-show]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      place.classList.toggle("as-chart", button.dataset.show === "chart");
    });
  }
}

function read(table) {
  const rows = [...table.tBodies[0].rows];
  const cell = (row, index) => Number(row.cells[index].textContent);
  return {
    labels: rows.map((row) => row.cells[0].firstChild.textContent.trim()),
    open: rows.map((row) => row.hasAttribute("data-open-day")),
    columns: [1, 2, 3, 4, 6].map((index) => rows.map((row) => cell(row, index))),
  };
}

// Conversions first, so that the line lies above the bars.
const sets = (data) => [data.columns[4], ...data.columns.slice(0, 4)];

function token(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function pattern(context, kind) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const brush = tile.getContext("2d");
  brush.fillStyle = token(kind === "success" ? "--success" : `--${kind}-wash`);
  brush.fillRect(0, 0, 8, 8);
  if (kind === "failure") {
    brush.strokeStyle = token("--failure");
    brush.lineWidth = 2.6;
    for (const shift of [-8, 0, 8]) {
      brush.beginPath();
      brush.moveTo(shift - 1, 9);
      brush.lineTo(shift + 9, -1);
      brush.stroke();
    }
  }
  if (kind === "unknown") {
    brush.fillStyle = token("--unknown");
    for (const [x, y] of [[2, 2], [6, 6]]) {
      brush.beginPath();
      brush.arc(x, y, 1.5, 0, 2 * Math.PI);
      brush.fill();
    }
  }
  return context.createPattern(tile, "repeat");
}

function make(canvas, data) {
  const context = canvas.getContext("2d");
  const kinds = ["success", "failure", "unknown", "pending"];
  const [line, ...bars] = sets(data);
  const ink = token("--soft");
  const grid = token("--line");
  return new window.Chart(context, {
    data: {
      labels: data.labels,
      datasets: [
        {
          type: "line", label: "Conversions", data: line, borderColor: token("--second"),
          backgroundColor: token("--second"), borderWidth: 2.5, pointRadius: 2.5, tension: 0.25,
        },
        ...kinds.map((kind, index) => ({
          type: "bar", label: kind[0].toUpperCase() + kind.slice(1), data: bars[index], stack: "calls",
          backgroundColor: pattern(context, kind), borderColor: token(`--${kind}`),
          borderWidth: kind === "success" ? 0 : 1, maxBarThickness: 46,
        })),
      ],
    },
    options: {
      responsive: true, maintainAspectRatio: false, animation: false,
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false } },
      scales: {
        x: { stacked: true, grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 14 } },
        y: { stacked: true, beginAtZero: true, grid: { color: grid }, ticks: { color: ink, precision: 0 } },
      },
    },
  });
}
