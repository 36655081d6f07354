// The panel that shows the wishes behind the feed: say one, see what was understood, edit, take away, undo.
import { api, ApiError } from "../api.js";
import { words } from "../words.js";
import { button, element } from "./elements.js";

const SIZES = ["slight", "normal", "strong"];
const $ = (id) => document.getElementById(id);
let current = null;
let changed = () => {};

export function steering(whenChanged) {
  changed = whenChanged;
  $("steer-form").onsubmit = (event) => { event.preventDefault(); acting(say); };
  $("steer-undo").onclick = () => acting(async () => show(await api.undoWish()));
  $("personal").onchange = () => acting(async () => show(await api.replaceWishes({ ...current.parameters, personalised: $("personal").checked })));
}

export async function loadSteering() {
  current = await api.steering();
  paintSteering();
}

export function paintSteering() {
  $("steer-text").placeholder = words().steerHint;
  if (!current) return;
  $("personal").checked = current.parameters.personalised;
  $("steer-undo").disabled = !current.can_undo;
  const lines = current.wishes.map(line);
  $("wishes").replaceChildren(...(lines.length ? lines : [element("li", { className: "empty", textContent: words().noWishes })]));
}

export function forgetSteering() {
  current = null;
  $("wishes").replaceChildren();
  $("steer-said").textContent = "";
}

function line(wish) {
  const at = SIZES.indexOf(wish.clause.strength);
  const sized = ["more", "less"].includes(wish.clause.op) ? [[at + 1, words().stronger], [at - 1, words().milder]] : [];
  const edits = sized.filter(([size]) => SIZES[size]).map(([size, label]) => button(label, () => acting(() => resize(wish.place, SIZES[size])), "quiet"));
  return element("li", {}, element("span", { textContent: wish.effect }), ...edits, button(words().takeAway, () => acting(async () => show(await api.dropWish(wish.place))), "quiet"));
}

async function resize(place, strength) {
  const entries = current.parameters.entries.map((entry, at) => (at === place ? { ...entry, clause: { ...entry.clause, strength } } : entry));
  await show(await api.replaceWishes({ ...current.parameters, entries }));
}

async function say() {
  const answer = await api.steer($("steer-text").value);
  $("steer-text").value = "";
  const missed = answer.not_understood.length ? [words().notUnderstood(answer.not_understood.join(" · "))] : [];
  $("steer-said").textContent = [...answer.understood.map((each) => each.effect), ...missed].join(" ");
  await show(answer.parameters);
}

async function show(parameters) {
  current = parameters;
  paintSteering();
  await changed();
}

async function acting(act) {
  try {
    await act();
  } catch (error) {
    $("steer-said").textContent = error instanceof ApiError ? error.message : words().offline;
  }
}
