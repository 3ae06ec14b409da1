// Draw each figure.chart: the history of one series, out of the file that the page offers. The table below it says the same.
import { colour, drawAbove, drawBelow } from "./chart_marks.js";
import { describe, frameOf, label } from "./chart_frame.js";

const NEAR = 24; // px
const files = new Map();

async function load(source) {
  const answer = await fetch(source, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  return answer.json();
}

async function begin(figure) {
  const { source, metric, setup } = figure.dataset;
  if (!files.has(source)) files.set(source, load(source));
  const hover = figure.querySelector(".chart-hover");
  try {
    const history = await files.get(source);
    const series = history.series.find((one) => one.setup === setup && one.metric === metric);
    if (series === undefined) throw new Error("it is not in the file");
    show(figure, series, history.baselines);
  } catch (error) {
    hover.textContent = `The chart could not be drawn (${error.message}); the table below holds the same.`;
  }
}

function show(figure, series, baselines) {
  const area = figure.querySelector(".chart-area");
  const axis = figure.querySelector("[data-tool=axis]");
  let chart = null;
  const draw = () => {
    chart?.destroy();
    const frame = frameOf(series, baselines, axis.value === "commits");
    chart = new uPlot(options(frame, area, figure.querySelector(".chart-hover")), frame.data, area);
    chart.frame = frame;
  };
  draw();
  axis.addEventListener("change", draw);
  new ResizeObserver(() => chart.setSize(sizeOf(area))).observe(area);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => chart.redraw(false, true));
  for (const tool of figure.querySelectorAll("button[data-tool]")) {
    tool.addEventListener("click", () => zoom(chart, tool.dataset.tool));
  }
}

const sizeOf = (area) => ({ width: Math.max(area.clientWidth, 200), height: area.clientHeight });

function options(frame, area, hover) {
  const ink = () => colour("--dim");
  const grid = { stroke: () => colour("--grid"), width: 1 };
  const axis = { stroke: ink, grid, ticks: grid };
  return {
    ...sizeOf(area),
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
    scales: { x: { time: !frame.byCommit, range: frame.across }, y: { range: frame.upright } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1e3), "UTC"),
    axes: [
      { ...axis, ...frame.axis },
      { ...axis, size: 76, values: (_, places) => places.map((value) => label(value, frame.unit, places)) },
    ],
    series: [
      {},
      {
        stroke: () => colour("--series-1"),
        width: 1.5,
        spanGaps: true,
        points: { show: true, size: 7, width: 1, fill: () => colour("--series-1") },
      },
      { stroke: "transparent", spanGaps: true, points: { show: false } },
      { stroke: "transparent", spanGaps: true, points: { show: false } },
    ],
    bands: [{ series: [2, 3], fill: () => colour("--band") }],
    hooks: {
      drawAxes: [(chart) => drawBelow(chart, frame)],
      draw: [(chart) => drawAbove(chart, frame)],
      setCursor: [(chart) => tell(chart, frame, hover)],
      ready: [(chart) => openRuns(chart, frame)],
    },
  };
}

function nearest(chart, frame, left, top) {
  let found = null;
  for (const point of frame.points) {
    const distance = Math.hypot(chart.valToPos(point.x, "x") - left, chart.valToPos(point.value, "y") - top);
    if (found === null || distance < found.distance) found = { point, distance };
  }
  return found;
}

function tell(chart, frame, hover) {
  const { left, top } = chart.cursor;
  if (left === undefined || left < 0) return;
  const found = nearest(chart, frame, left, top);
  if (found === null) return;
  hover.textContent = describe(found.point, frame);
  chart.over.style.cursor = found.distance <= NEAR ? "pointer" : "crosshair";
}

function openRuns(chart, frame) {
  let pressed = null;
  chart.over.addEventListener("pointerdown", (event) => (pressed = [event.clientX, event.clientY]));
  chart.over.addEventListener("click", (event) => {
    if (pressed === null || Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) > 4) return;
    const box = chart.over.getBoundingClientRect();
    const found = nearest(chart, frame, event.clientX - box.left, event.clientY - box.top);
    if (found !== null && found.distance <= NEAR) location.assign(`/runs/${encodeURIComponent(found.point.run)}`);
  });
}

function zoom(chart, tool) {
  const [first, last] = chart.frame.across(chart, chart.frame.first, chart.frame.last);
  const { min, max } = chart.scales.x;
  const width = max - min;
  const moved = {
    in: [min + width / 4, max - width / 4],
    out: [min - width / 2, max + width / 2],
    left: [min - width / 2, max - width / 2],
    right: [min + width / 2, max + width / 2],
    all: [first, last],
  }[tool];
  const wide = Math.min(moved[1] - moved[0], last - first);
  const low = Math.min(Math.max(moved[0], first), last - wide);
  chart.setScale("x", { min: low, max: low + wide });
}

for (const figure of document.querySelectorAll("figure.chart")) begin(figure);
