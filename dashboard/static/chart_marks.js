// What is drawn on a history's chart beside its line: levels, changes, single runs, baselines. Shapes differ, not colours alone.

const FONT = "12px system-ui, sans-serif";

/** Return the value of one of the style sheet's colours as it is in the present theme. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Draw what lies below the line: each level with what noise explains around it, and where the level changed. */
export function drawBelow(chart, frame) {
  const pen = begin(chart);
  for (const level of frame.levels) drawLevel(chart, pen, level);
  for (const change of frame.changes) drawChange(chart, pen, change);
  pen.restore();
}

/** Draw what lies above the line: runs that the analysis does not read, partial ones, and changes of the baseline. */
export function drawAbove(chart, frame) {
  const pen = begin(chart);
  for (const point of frame.points) {
    if (!point.counted) drawSingle(chart, pen, point);
    else if (frame.sparse) drawInterval(chart, pen, point, "--series-1");
  }
  for (const flag of frame.flags) drawFlag(chart, pen, flag);
  pen.restore();
}

function begin(chart) {
  const pen = chart.ctx;
  const { left, top, width, height } = chart.bbox;
  pen.save();
  pen.beginPath();
  pen.rect(left, top, width, height);
  pen.clip();
  return pen;
}

const scaled = (chart, size) => size * (chart.pxRatio ?? devicePixelRatio);
const across = (chart, x) => chart.valToPos(x, "x", true);
const up = (chart, y) => chart.valToPos(y, "y", true);

function drawLevel(chart, pen, level) {
  const left = across(chart, level.from) - scaled(chart, 5);
  const right = across(chart, level.to) + scaled(chart, 5);
  const mean = up(chart, level.mean);
  pen.strokeStyle = colour("--series-3");
  pen.lineWidth = scaled(chart, 1.5);
  line(pen, left, mean, right, mean);
  if (level.low === null) return;
  pen.setLineDash([scaled(chart, 2), scaled(chart, 3)]);
  pen.lineWidth = scaled(chart, 1);
  for (const edge of [level.low, level.high]) line(pen, left, up(chart, edge), right, up(chart, edge));
  pen.setLineDash([]);
}

function drawChange(chart, pen, change) {
  const { top, height } = chart.bbox;
  const x = across(chart, change.x);
  pen.strokeStyle = pen.fillStyle = colour(change.worse ? "--fail" : "--pass");
  pen.lineWidth = scaled(chart, 1.5);
  pen.setLineDash([scaled(chart, 5), scaled(chart, 4)]);
  line(pen, x, top, x, top + height);
  pen.setLineDash([]);
  const size = scaled(chart, 6);
  shape(pen, [[x, top], [x + size, top + size], [x, top + 2 * size], [x - size, top + size]]);
  pen.fill();
  write(chart, pen, change.state[0].toUpperCase() + change.state.slice(1), x + scaled(chart, 10), top + scaled(chart, 12));
}

function drawSingle(chart, pen, point) {
  const x = across(chart, point.x);
  const y = up(chart, point.value);
  const size = scaled(chart, 4);
  drawInterval(chart, pen, point, point.partial ? "--unsure" : "--series-2");
  if (point.partial) {
    line(pen, x - size, y - size, x + size, y + size);
    line(pen, x - size, y + size, x + size, y - size);
    return;
  }
  pen.beginPath();
  pen.arc(x, y, size, 0, 2 * Math.PI);
  pen.fillStyle = colour("--card");
  pen.fill();
  pen.stroke();
}

function drawInterval(chart, pen, point, name) {
  const x = across(chart, point.x);
  pen.strokeStyle = colour(name);
  pen.lineWidth = scaled(chart, 1.5);
  if (point.low !== null && point.high !== null) line(pen, x, up(chart, point.low), x, up(chart, point.high));
}

function drawFlag(chart, pen, flag) {
  const { top, height } = chart.bbox;
  const x = across(chart, flag.x);
  const foot = top + height;
  const size = scaled(chart, 7);
  pen.strokeStyle = pen.fillStyle = colour("--text");
  pen.lineWidth = scaled(chart, 1.5);
  if (flag.promoted) {
    shape(pen, [[x, foot - 2 * size], [x + size, foot], [x - size, foot]]);
    pen.fill();
  } else {
    shape(pen, [[x, foot], [x + size, foot - 2 * size], [x - size, foot - 2 * size]]);
    pen.stroke();
  }
}

function write(chart, pen, words, x, y) {
  pen.font = FONT.replace("12px", `${Math.round(scaled(chart, 12))}px`);
  const room = chart.bbox.left + chart.bbox.width - x;
  pen.textAlign = pen.measureText(words).width > room ? "right" : "left";
  pen.fillText(words, pen.textAlign === "right" ? x - scaled(chart, 20) : x, y);
}

function line(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function shape(pen, corners) {
  pen.beginPath();
  for (const [x, y] of corners) pen.lineTo(x, y);
  pen.closePath();
}
