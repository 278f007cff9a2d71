// Opens a chart to zoom (wheel, pinch) and pan (drag): the figures are those of the table below the drawing.
"use strict";

const sources = document.currentScript.dataset;
let loaded = null;

function script(address) {
  return new Promise((done, failed) => {
    const made = document.createElement("script");
    made.src = address;
    made.onload = done;
    made.onerror = failed;
    document.head.append(made);
  });
}

function libraries() {
  loaded ??= script(sources.chart).then(() => script(sources.hammer)).then(() => script(sources.zoom));
  return loaded;
}

function number(text) {
  const plain = text.replace(/−/g, "-").replace(/[^0-9.\-]/g, "");
  return plain === "" || text.startsWith("n/a") ? null : Number(plain);
}

function figures(table) {
  const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent.trim());
  const rows = [...table.tBodies[0].rows].reverse();
  const labels = rows.map((row) => row.cells[0].textContent.trim());
  return { labels, lines: names.map((name, at) => ({ name, values: rows.map((row) => number(row.cells[at + 1].textContent)) })) };
}

// Colours are those that the drawing has now, whatever the theme.
function colour(figure, of, property) {
  const found = figure.querySelector(of);
  return found ? getComputedStyle(found)[property] : "gray";
}

function settings(figure, found) {
  const ink = colour(figure, "svg .axis", "fill");
  const axis = { ticks: { color: ink, maxTicksLimit: 9 }, grid: { color: colour(figure, "svg .grid", "stroke") } };
  const zoom = { wheel: { enabled: true }, pinch: { enabled: true }, mode: "x" };
  const datasets = found.lines.map((line, at) => ({
    label: line.name,
    data: line.values,
    borderColor: colour(figure, `svg .line.c${at + 1}`, "stroke"),
    backgroundColor: colour(figure, `svg .line.c${at + 1}`, "stroke"),
    borderWidth: 1.5,
    pointRadius: 0,
    pointHitRadius: 8,
    spanGaps: true,
  }));
  return {
    type: "line",
    data: { labels: found.labels, datasets },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: { x: axis, y: axis },
      plugins: {
        legend: { display: datasets.length > 1, labels: { color: ink } },
        zoom: { zoom, pan: { enabled: true, mode: "x" } },
      },
    },
  };
}

function button(text, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}

async function open(figure) {
  await libraries();
  const table = figure.querySelector("table");
  const dialog = document.createElement("dialog");
  const title = document.createElement("h2");
  const canvas = document.createElement("canvas");
  const place = document.createElement("div");
  const buttons = document.createElement("p");
  title.textContent = table.caption.textContent;
  dialog.className = "zoom";
  dialog.setAttribute("aria-label", title.textContent);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${title.textContent}; its figures are in the table on the page`);
  place.append(canvas);
  document.body.append(dialog);
  const chart = { drawn: null };
  buttons.append(
    button("Zoom in", () => chart.drawn.zoom(1.4)),
    button("Zoom out", () => chart.drawn.zoom(0.7)),
    button("Earlier", () => chart.drawn.pan({ x: 120 })),
    button("Later", () => chart.drawn.pan({ x: -120 })),
    button("All", () => chart.drawn.resetZoom()),
    button("Close", () => dialog.close()),
  );
  dialog.append(title, place, buttons);
  dialog.addEventListener("close", () => {
    chart.drawn.destroy();
    dialog.remove();
  });
  dialog.showModal();
  chart.drawn = new Chart(canvas, settings(figure, figures(table)));
}

document.addEventListener("click", (event) => {
  const figure = event.target.closest?.("figure[data-zoom] > svg, figure[data-zoom] > .open")?.parentElement;
  if (figure) open(figure);
});
