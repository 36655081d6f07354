// The clip's time: a lane for each thing that a model saw and one for what was said, a strip of frames, the transcript.
import { element } from "./elements.js";
import { phrase, t, word } from "./words.js";

const FRAMES = 20;
const COLUMNS = 5; // as inference/media/encoding.py lays the sheet out
const HIGH = 72; // of a frame in the strip, in pixels

export function marks(found) {
  const rows = [];
  for (const finding of found.findings) {
    for (const seen of finding.seen) {
      if (seen.score < 0.2 && seen.spans.length === 0) continue;
      for (const [start, end] of seen.spans.length ? seen.spans : [[null, null]]) rows.push({ ...seen, start, end });
    }
  }
  return rows.sort((one, other) => other.score - one.score);
}

export const lines = (found) => found.findings.flatMap((finding) => finding.lines).sort((one, other) => one.start - other.start);

export function timeline(found, jump) {
  const seen = marks(found);
  const said = lines(found);
  const seconds = found.seconds || 1;
  const box = element("div", { id: "timeline" });
  if (seen.length === 0) box.append(element("p", { class: "faint" }, t`No model pointed at anything.`));
  const lanes = new Map();
  seen.forEach((row, index) => {
    const name = `${word(row.stage)} · ${word(row.category)}`;
    if (!lanes.has(name)) lanes.set(name, { score: row.score, marks: [] });
    lanes.get(name).marks.push(mark(row, index, seconds, jump));
  });
  for (const [name, each] of lanes) box.append(track(`${name} ${each.score.toFixed(2)}`, each.marks, seconds, jump));
  if (said.length) box.append(track(t`said`, said.map((line) => words(line, seconds, jump)), seconds, jump));
  box.append(scale(seconds, jump));
  return box;
}

// Where the clip stands, drawn through every lane, and which line is being said.
export function stand(at, seconds) {
  const box = document.getElementById("timeline");
  box?.style.setProperty("--at", `${Math.min(100, (100 * at) / (seconds || 1))}%`);
  document.getElementById("scale")?.setAttribute("aria-valuenow", at.toFixed(1));
  for (const line of document.querySelectorAll("#heard button")) {
    const is = at >= Number(line.dataset.start) && at < Number(line.dataset.end);
    line.setAttribute("aria-current", String(is));
  }
}

export function transcript(found, jump) {
  return element("ol", { id: "heard" }, ...lines(found).map((line) => element("li", {}, element("button", {
    type: "button", "data-start": line.start, "data-end": line.end, on: { click: () => jump(line.start) },
  }, element("time", {}, `${line.start.toFixed(1)} s`), " ", element("span", { class: "said" }, line.text)))));
}

function track(name, children, seconds, jump) {
  const lane = element("div", { class: "lane", on: { click: (event) => { if (event.target === lane) jump(seconds * event.offsetX / lane.clientWidth); } } }, ...children);
  return element("div", { class: "track" }, element("span", {}, name), lane);
}

function mark(row, index, seconds, jump) {
  const where = row.start === null ? t`the whole clip` : `${row.start.toFixed(1)}–${row.end.toFixed(1)} s`;
  const made = element("button", {
    type: "button", title: `${phrase(row.reason)} (${row.model})`,
    "aria-label": t`${word(row.stage)} ${word(row.category)} ${row.score.toFixed(2)}, ${where}: jump there`,
    on: { click: () => jump(row.start ?? 0) },
  }, index < 9 ? `${index + 1}` : "•");
  return placed(made, row.start ?? 0, row.end ?? seconds, seconds);
}

function words(line, seconds, jump) {
  const made = element("button", { type: "button", class: "said", title: line.text, "aria-label": t`${line.start.toFixed(1)} s, said: ${line.text}`, on: { click: () => jump(line.start) } }, "“");
  return placed(made, line.start, line.end, seconds);
}

function placed(made, from, to, seconds) {
  made.style.left = `${Math.min(97, (100 * from) / seconds)}%`;
  made.style.width = `${Math.max(3, (100 * (Math.min(to, seconds) - from)) / seconds)}%`;
  return made;
}

// The seconds under the lanes: a slider for those who move in time by keys or by pointer.
function scale(seconds, jump) {
  const parts = seconds <= 8 ? Math.max(1, Math.round(seconds)) : 5;
  const ticks = Array.from({ length: parts + 1 }, (_, index) => (index * seconds) / parts);
  const lane = element("div", {
    id: "scale", class: "lane", role: "slider", tabindex: 0, "aria-label": t`Place in the clip`, "aria-valuemin": 0, "aria-valuemax": seconds, "aria-valuenow": 0,
    on: {
      click: (event) => jump(seconds * (event.clientX - lane.getBoundingClientRect().left) / lane.clientWidth),
      keydown: (event) => {
        const by = { ArrowLeft: -0.5, ArrowDown: -0.5, ArrowRight: 0.5, ArrowUp: 0.5 }[event.key];
        if (!by) return;
        event.preventDefault();
        jump(Number(lane.getAttribute("aria-valuenow")) + by);
      },
    },
  }, ...ticks.map((at) => {
    const tick = element("span", {}, `${Number(at.toFixed(1))}`);
    tick.style.left = `${(100 * at) / seconds}%`;
    return tick;
  }));
  return element("div", { class: "track" }, element("span", { class: "faint" }, t`seconds`), lane);
}

export function strip(sheet, seconds, jump) {
  const box = element("div", { id: "strip", role: "group", "aria-label": t`Frames of the clip` });
  const image = new Image();
  image.addEventListener("load", () => {
    const rows = Math.ceil(FRAMES / COLUMNS);
    const wide = Math.round((HIGH * image.naturalWidth * rows) / (image.naturalHeight * COLUMNS));
    for (let index = 0; index < FRAMES; index += 1) {
      const at = (index * seconds) / FRAMES;
      const frame = element("button", { type: "button", class: "blurred grey", "aria-label": t`Frame at ${at.toFixed(1)} s: jump there`, on: { click: () => jump(at) } });
      frame.style.width = `${wide}px`;
      frame.style.height = `${HIGH}px`;
      frame.style.backgroundImage = `url(${JSON.stringify(image.src)})`;
      frame.style.backgroundSize = `${COLUMNS * 100}% ${rows * 100}%`;
      frame.style.backgroundPosition = `${(100 * (index % COLUMNS)) / (COLUMNS - 1)}% ${(100 * Math.floor(index / COLUMNS)) / Math.max(1, rows - 1)}%`;
      box.append(frame);
    }
  });
  image.src = sheet;
  return box;
}
