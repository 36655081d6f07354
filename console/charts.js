// Draws the figures as charts, each with its numbers in words for those who do not see it.
import { drawn, element } from "./elements.js";
import { t, word } from "./words.js";

const WIDTH = 360;
const HEIGHT = 140;
const HIGHEST = HEIGHT - 14; // of a bar, so that its count stands above it

function figure(title, words, high, ...children) {
  const made = element("figure", {}, element("figcaption", {}, title));
  const chart = drawn("svg", { viewBox: `0 0 ${WIDTH} ${high}`, role: "img", "aria-label": `${title}: ${words}` }, ...children);
  made.append(chart);
  return made;
}

export function bars(title, labels, ...series) {
  const most = Math.max(1, ...series.flatMap((each) => each.values));
  const slot = WIDTH / Math.max(1, labels.length);
  const wide = (slot - 4) / series.length;
  const drawings = series.flatMap((each, nth) => each.values.map((value, index) => {
    const high = (HIGHEST * value) / most;
    return drawn("rect", { class: nth ? "other" : "bar", x: index * slot + 2 + nth * wide, y: HEIGHT - high, width: Math.max(1, wide), height: high });
  }));
  const counts = series.flatMap((each, nth) => each.values.map((value, index) => value === 0 ? null
    : drawn("text", { x: index * slot + 2 + (nth + 0.5) * wide, y: HEIGHT - (HIGHEST * value) / most - 3, "text-anchor": "middle" }, `${value}`))).filter(Boolean);
  const names = labels.map((label, index) => drawn("text", { x: index * slot + slot / 2, y: HEIGHT + 14, "text-anchor": "middle" }, label));
  const line = drawn("line", { class: "axis", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT });
  const words = series.map((each) => `${each.name}: ${each.values.map((v, i) => `${labels[i]} ${v}`).join(", ")}`).join("; ");
  const made = figure(title, words, HEIGHT + 20, ...drawings, ...counts, ...names, line);
  if (series.length > 1) made.append(element("p", { class: "legend" }, ...series.map((each, nth) => element("span", { class: nth ? "other" : "bar" }, each.name))));
  return made;
}

export function share(title, value) {
  const words = value === null ? t`nothing counted yet` : `${Math.round(value * 100)} %`;
  const bar = drawn("rect", { class: "empty", x: 0, y: 24, width: WIDTH, height: 20 });
  const full = drawn("rect", { class: "bar", x: 0, y: 24, width: WIDTH * (value ?? 0), height: 20 });
  return figure(title, words, 50, bar, full, drawn("text", { x: 2, y: 16 }, words));
}

export function charts(told) {
  const days = told.days.map((day) => day.slice(8));
  const named = (record) => [Object.keys(record), Object.values(record)];
  const [ages, waiting] = named(told.backlog_by_age);
  const [actions, decided] = named(told.actions);
  return [
    bars(t`Backlog by age: ${told.backlog} wait`, ages.map(word), { name: t`cases`, values: waiting }),
    bars(t`Opened and decided a day`, days, { name: t`opened`, values: told.opened }, { name: t`decided`, values: told.decided }),
    bars(t`Decided late`, days, { name: t`late`, values: told.late }),
    bars(t`Decisions`, actions.length ? actions.map(word) : [t`none`], { name: t`decisions`, values: decided.length ? decided : [0] }),
    share(t`Appeals won (overturn rate)`, told.overturned),
    share(t`Held clips where reviewers agreed with the models`, told.model_agreement),
    share(t`Samples where the second look agreed`, told.sample_agreement),
  ];
}
