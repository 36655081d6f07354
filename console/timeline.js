// The clip's time: one lane for each thing that a model saw, a strip of frames, and what was heard.
import { element } from "./elements.js";
import { t } from "./words.js";

const FRAMES = 20;
const COLUMNS = 5; // as inference/media/encoding.py lays the sheet out

export function marks(found) {
  const seconds = found.seconds || 1;
  const rows = [];
  for (const finding of found.findings) {
    for (const seen of finding.seen) {
      if (seen.score < 0.2 && seen.spans.length === 0) continue;
      for (const [start, end] of seen.spans.length ? seen.spans : [[null, null]]) rows.push({ ...seen, start, end, seconds });
    }
  }
  return rows.sort((one, other) => other.score - one.score);
}

export function timeline(found, jump) {
  const rows = marks(found);
  if (rows.length === 0) return element("p", { class: "faint" }, t`No model pointed at anything.`);
  const box = element("div", { id: "timeline" });
  rows.forEach((row, index) => {
    const lane = element("div", { class: "lane" });
    const key = index < 9 ? `${index + 1}` : "";
    const where = row.start === null ? t`the whole clip` : `${row.start.toFixed(1)}–${row.end.toFixed(1)} s`;
    const mark = element("button", {
      type: "button", title: `${row.reason} (${row.model})`,
      "aria-label": t`${row.stage} ${row.category} ${row.score.toFixed(2)}, ${where}: jump there`,
      on: { click: () => jump(row.start ?? 0) },
    }, key || "•");
    const from = row.start ?? 0;
    const to = row.end ?? row.seconds;
    mark.style.left = `${Math.min(100, (100 * from) / row.seconds)}%`;
    mark.style.width = `${Math.max(2, (100 * (to - from)) / row.seconds)}%`;
    lane.append(mark);
    box.append(element("div", { class: "track" }, element("span", {}, `${row.stage} · ${row.category} ${row.score.toFixed(2)}`), lane));
  });
  return box;
}

export function strip(sheet, seconds, jump) {
  const box = element("div", { id: "strip", role: "group", "aria-label": t`Frames of the clip` });
  const image = new Image();
  image.addEventListener("load", () => {
    const columns = COLUMNS;
    const rows = Math.ceil(FRAMES / columns);
    for (let index = 0; index < FRAMES; index += 1) {
      const at = (index * seconds) / FRAMES;
      const frame = element("button", { type: "button", class: "blurred grey", "aria-label": t`Frame at ${at.toFixed(1)} s: jump there`, on: { click: () => jump(at) } });
      frame.style.backgroundImage = `url(${JSON.stringify(image.src)})`;
      frame.style.backgroundSize = `${columns * 100}% ${rows * 100}%`;
      frame.style.backgroundPosition = `${(100 * (index % columns)) / (columns - 1)}% ${(100 * Math.floor(index / columns)) / Math.max(1, rows - 1)}%`;
      box.append(frame);
    }
  });
  image.src = sheet;
  return box;
}
