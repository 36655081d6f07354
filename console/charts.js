// Draws the figures as charts, each with its numbers in words for those who do not see it.
import { drawn, element } from "./elements.js";
import { t, word } from "./words.js";

const WIDTH = 360;
const HEIGHT = 140;

function figure(title, words, ...children) {
  const made = element("figure", {}, element("figcaption", {}, title));
  const chart = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + 20}`, role: "img", "aria-label": `${title}: ${words}` }, ...children);
  made.append(chart);
  return made;
}

export function bars(title, labels, ...series) {
  const most = Math.max(1, ...series.flatMap((each) => each.values));
  const slot = WIDTH / Math.max(1, labels.length);
  const wide = (slot - 4) / series.length;
  const drawings = series.flatMap((each, nth) => each.values.map((value, index) => {
    const high = (HEIGHT * value) / most;
    return drawn("rect", { class: nth ? "other" : "bar", x: index * slot + 2 + nth * wide, y: HEIGHT - high, width: Math.max(1, wide), height: high });
  }));
  const names = labels.map((label, index) => drawn("text", { x: index * slot + slot / 2, y: HEIGHT + 14, "text-anchor": "middle" }, label));
  const top = drawn("text", { x: 2, y: 10 }, `${most}`);
  const words = series.map((each) => `${each.name}: ${each.values.map((v, i) => `${labels[i]} ${v}`).join(", ")}`).join("; ");
  return figure(title, words, ...drawings, ...names, top);
}

export function share(title, value) {
  const words = value === null ? t`nothing counted yet` : `${Math.round(value * 100)} %`;
  const bar = drawn("rect", { x: 0, y: 50, width: WIDTH, height: 30, fill: "none", stroke: "currentColor" });
  const full = drawn("rect", { class: "bar", x: 0, y: 50, width: WIDTH * (value ?? 0), height: 30 });
  return figure(title, words, bar, full, drawn("text", { x: 2, y: 40 }, words));
}

export function charts(told) {
  const days = told.days.map((day) => day.slice(8));
  const named = (record) => [Object.keys(record), Object.values(record)];
  const [ages, waiting] = named(told.backlog_by_age);
  const [actions, decided] = named(told.actions);
  return [
    bars(t`Backlog by age: ${told.backlog} wait`, ages, { name: t`cases`, values: waiting }),
    bars(t`Opened and decided a day`, days, { name: t`opened`, values: told.opened }, { name: t`decided`, values: told.decided }),
    bars(t`Decided late`, days, { name: t`late`, values: told.late }),
    bars(t`Decisions`, actions.length ? actions.map(word) : [t`none`], { name: t`decisions`, values: decided.length ? decided : [0] }),
    share(t`Appeals won (overturn rate)`, told.overturned),
    share(t`Held clips where reviewers agreed with the models`, told.model_agreement),
    share(t`Samples where the second look agreed`, told.sample_agreement),
  ];
}
