// Draws charts from the tables beside them: the table is the data, the chart a picture of it.

const charts = new WeakMap();

// Of more days, their points would be one thick line.
const daysWithPoints = 100;

// What stands behind the name of a day with a note.
const star = " *";

export function drawCharts() {
  if (!window.Chart) return;
  for (const place of document.querySelectorAll("[data-chart]")) draw(place);
}

// What is read of a table, how it is drawn, and the sets of numbers.
const kinds = {
  days: {
    sets: (rows) => [6, 1, 2, 3, 4].map((index) => rows.map((row) => Number(row.cells[index].textContent))),
    make: makeDays,
  },
  runs: {
    sets: (rows) => [
      rows.map((row) => Number(row.cells[1].textContent)),
      // Nothing was measured where there is no value; the line has a gap there.
      ...[3, 5].map((index) => rows.map((row) => row.cells[index].dataset.value === "" ? null : Number(row.cells[index].dataset.value) / 1000)),
    ],
    make: makeRuns,
  },
  response: {
    sets: (rows) => [rows.map((row) => Number(row.cells[3].dataset.value))],
    make: makeResponse,
  },
};

function draw(place) {
  const kind = kinds[place.dataset.chart];
  const rows = [...document.getElementById(place.dataset.table).tBodies[0].rows];
  const labels = rows.map((row) => row.cells[0].firstChild.textContent.trim() + (row.hasAttribute("data-mark") ? star : ""));
  const sets = kind.sets(rows);
  const chart = charts.get(place);
  if (chart) {
    chart.data.labels = labels;
    chart.data.datasets.forEach((set, index) => { set.data = sets[index]; });
    chart.update("none");
    return;
  }
  place.classList.add("drawn", "as-chart");
  charts.set(place, kind.make(place.querySelector("canvas"), labels, sets));
  const buttons = place.closest(".panel").querySelectorAll("[data-show]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      place.classList.toggle("as-chart", button.dataset.show === "chart");
    });
  }
}

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

// A star over each day with a note: the day's name below may be left out where there are many.
const stars = {
  id: "stars",
  afterDatasetsDraw(chart) {
    const { ctx: brush, chartArea: area, scales } = chart;
    brush.save();
    brush.fillStyle = token("--ink");
    brush.font = "700 16px system-ui, sans-serif";
    brush.textAlign = "center";
    brush.textBaseline = "top";
    chart.data.labels.forEach((label, index) => {
      if (label.endsWith(star)) brush.fillText("*", scales.x.getPixelForValue(index), area.top);
    });
    brush.restore();
  },
};

// Conversions first, so that the line lies above the bars.
function makeDays(canvas, labels, [line, ...bars]) {
  const context = canvas.getContext("2d");
  const outcomes = ["success", "failure", "unknown", "pending"];
  const ink = token("--soft");
  const grid = token("--line");
  return new window.Chart(context, {
    plugins: [stars],
    data: {
      labels,
      datasets: [
        {
          type: "line", label: "Conversions", data: line, borderColor: token("--second"),
          backgroundColor: token("--second"), borderWidth: 2.5, pointRadius: labels.length > daysWithPoints ? 0 : 2.5, tension: 0,
        },
        ...outcomes.map((kind, index) => ({
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
        x: {
          stacked: true, grid: { display: false },
          ticks: {
            color: ink, maxRotation: 0, autoSkipPadding: 14,
            callback(value) { return this.getLabelForValue(value).replace(star, ""); },
          },
        },
        y: { stacked: true, beginAtZero: true, grid: { color: grid }, ticks: { color: ink, precision: 0 } },
      },
    },
  });
}

// The share that had called, day by day.
function makeResponse(canvas, labels, [share]) {
  const ink = token("--soft");
  const axis = (title) => ({ display: true, text: title, color: ink });
  return new window.Chart(canvas.getContext("2d"), {
    type: "line",
    data: {
      labels,
      datasets: [{
        label: "Called by then, %", data: share, borderColor: token("--accent"), backgroundColor: token("--accent"),
        borderWidth: 2.5, pointRadius: 1.5, tension: 0,
      }],
    },
    options: {
      responsive: true, maintainAspectRatio: false, animation: false,
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false } },
      scales: {
        x: { grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 18 }, title: axis("days") },
        y: { beginAtZero: true, grid: { color: token("--line") }, ticks: { color: ink }, title: axis("% of recipients") },
      },
    },
  });
}

// Jobs as bars, times as lines on an axis of their own.
function makeRuns(canvas, labels, [jobs, waits, runs]) {
  const ink = token("--soft");
  const line = (label, data, colour, dash) => ({
    type: "line", label, data, borderColor: token(colour), backgroundColor: token(colour), borderDash: dash,
    borderWidth: 2, pointRadius: 1.5, tension: 0, yAxisID: "seconds",
  });
  return new window.Chart(canvas.getContext("2d"), {
    data: {
      labels,
      datasets: [
        { type: "bar", label: "Jobs/min", data: jobs, backgroundColor: token("--accent"), order: 1, yAxisID: "y" },
        line("p95 wait, s", waits, "--second", []),
        line("p95 run, s", runs, "--unknown", [6, 4]),
      ],
    },
    options: {
      responsive: true, maintainAspectRatio: false, animation: false,
      interaction: { mode: "index", intersect: false },
      plugins: { legend: { display: false } },
      scales: {
        x: { grid: { display: false }, ticks: { color: ink, maxRotation: 0, autoSkipPadding: 18 } },
        y: { beginAtZero: true, grid: { color: token("--line") }, ticks: { color: ink }, title: { display: true, text: "jobs/min", color: ink } },
        seconds: { position: "right", beginAtZero: true, grid: { display: false }, ticks: { color: ink }, title: { display: true, text: "seconds", color: ink } },
      },
    },
  });
}
