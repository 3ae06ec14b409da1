// What a history's chart shows, as numbers and words: places on the axes, levels, changes, and what stands below the pointer.

const KINDS = { nightly: "nightly", main: "main", pull_request: "pull request", other: "other" };

// How uPlot writes times: from which distance of marks on, the text, the same where a year begins, a month, a day ...
const TIMES = [
  [365 * 86_400, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 86_400, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
  [86_400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
];

const commitAxis = (codes) => ({
  incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500],
  space: 80,
  values: (_, places) => places.map((place) => codes[place]?.slice(0, 8) ?? ""),
});

/** Return what names a point's code: its commit, or the version of a release. */
const codeOf = (point) => ((point.source === null || point.source === "installed") && point.version) || point.source || "unknown";

/** Return a series as the chart draws it, along the time or along the commits in the order in which they were measured. */
export function frameOf(series, baselines, byCommit) {
  const codes = [...new Set(series.points.map(codeOf))];
  const placeOf = byCommit ? (point) => codes.indexOf(codeOf(point)) : (point) => seconds(point.finished_at);
  const points = series.points.map((point) => ({ ...point, code: codeOf(point), x: placeOf(point) }));
  points.sort((one, other) => one.x - other.x || seconds(one.finished_at) - seconds(other.finished_at));
  const placeAt = (time) => points.find((point) => seconds(point.finished_at) >= seconds(time))?.x;
  const column = (name) => points.map((point) => (point.counted ? point[name] : null));
  const frame = {
    byCommit,
    unit: series.unit,
    points,
    data: [points.map((point) => point.x), column("value"), column("high"), column("low")],
    sparse: points.filter((point) => point.counted).length < 3, // too few for a band that can be seen
    first: points[0].x,
    last: points[points.length - 1].x,
    levels: series.levels.map((level) => ({ ...level, from: placeAt(level.first_at), to: placeAt(level.last_at) })),
    changes: series.changes
      .map((change) => ({ ...change, x: placeAt(change.first_at) }))
      .filter((change) => change.x !== undefined && seconds(change.first_at) >= seconds(series.points[0].finished_at)),
    flags: flagsOf(points, baselines),
    axis: byCommit ? commitAxis(codes) : { values: TIMES },
  };
  frame.across = (_, low, high) => withRoom(frame, low, high);
  frame.upright = (chart) => heights(frame, chart.scales.x);
  return frame;
}

/** Return a value as the axis writes it. */
export function label(value, unit, places) {
  const step = places.length > 1 ? Math.abs(places[1] - places[0]) : Math.abs(value) || 1;
  const scale = unit === "share" ? 100 : 1;
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(step * scale) + 1e-9)));
  return `${(scale * value).toFixed(digits)} ${unit === "share" ? "%" : unit}`;
}

/** Return a point in words. */
export function describe(point, frame) {
  const words = [
    `${point.finished_at.slice(0, 16).replace("T", " ")} UTC`,
    `${amount(point.value, frame.unit)} ${interval(point, frame.unit)}`,
    `n = ${point.n.toLocaleString("en")}`,
    KINDS[point.kind],
    point.side === "baseline" ? "as the baseline of its run" : "",
    point.code.length >= 40 ? point.code.slice(0, 12) : point.code,
    `run ${point.run}`,
    point.partial ? `partial: ${point.partial}` : "",
    point.counted ? "" : "not in the analysis",
  ];
  return words.filter((word) => word !== "").join(" · ");
}

const seconds = (time) => Date.parse(time) / 1e3;
const amount = (value, unit) => (unit === "share" ? `${(100 * value).toFixed(1)} %` : `${Number(value.toPrecision(4))} ${unit}`);

function interval(point, unit) {
  if (point.low === null || point.high === null) return "(no interval known)";
  const bare = (value) => (unit === "share" ? (100 * value).toFixed(1) : `${Number(value.toPrecision(4))}`);
  return `[${bare(point.low)}, ${bare(point.high)}]`;
}

function flagsOf(points, baselines) {
  const flags = [];
  for (const change of baselines) {
    const point = points.find((one) => one.run === change.run && one.side === "candidate");
    if (point !== undefined) flags.push({ x: point.x, promoted: change.action === "promoted" });
  }
  return flags;
}

function withRoom(frame, low, high) {
  const length = frame.last - frame.first;
  if (length > 0 && (low !== frame.first || high !== frame.last)) return [low, high];
  const room = 0.03 * length || (frame.byCommit ? 1 : 86_400);
  return [frame.first - room, frame.last + room];
}

function heights(frame, x) {
  const [from, to] = [x.min ?? frame.first, x.max ?? frame.last]; // not known yet when the chart begins
  const seen = frame.points.filter((point) => point.x >= from && point.x <= to);
  const levels = frame.levels.filter((level) => level.to >= from && level.from <= to);
  const known = [...seen, ...levels].flatMap((one) => [one.value ?? one.mean, one.low, one.high]).filter((value) => Number.isFinite(value));
  if (known.length === 0) return [0, 1];
  const low = Math.min(...known);
  const high = Math.max(...known);
  const room = high > low ? 0.12 * (high - low) : Math.abs(high) * 0.05 || 0.05;
  return [low - room, high + room];
}
