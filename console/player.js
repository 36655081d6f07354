// The clip under review behind its veil, and its keys. It shows no controls of the browser: those would be blurred with it.
import { byId, element, fill } from "./elements.js";
import { t, word } from "./words.js";

export const veil = { blurred: true, muted: true, grey: true };
const VEILS = [["blurred", "Blur", "b"], ["muted", "Mute", "m"], ["grey", "Grey", "g"]];
let player = null;
let told = () => {};

export function forget() {
  player = null;
  told = () => {};
  Object.assign(veil, { blurred: true, muted: true, grey: true });
}

export function jump(seconds) {
  if (!player || !Number.isFinite(player.duration)) return;
  player.currentTime = Math.max(0, Math.min(player.duration, seconds));
  tell();
}

export function step(seconds) {
  if (player) jump(player.currentTime + seconds);
}

export function play() {
  if (!player) return;
  if (player.paused) player.play().catch(() => {}); else player.pause();
}

export function lift(what) {
  veil[what] = !veil[what];
  unveil();
}

export function unveil() {
  for (const node of document.querySelectorAll("#stage video, #strip button")) {
    node.classList.toggle("blurred", veil.blurred);
    node.classList.toggle("grey", veil.grey);
  }
  if (player) player.muted = veil.muted;
  for (const [name, label] of VEILS) {
    const button = byId(`veil-${name}`);
    if (button) { button.setAttribute("aria-pressed", String(veil[name])); button.title = veil[name] ? t`${word(label)} is on` : t`${word(label)} is off`; }
  }
}

// `heard` is told the second at which the clip stands, whenever that changes.
export function stage(url, heard) {
  told = heard;
  player = element("video", { src: url, preload: "metadata", playsinline: true, class: "blurred grey", "aria-label": t`The clip under review`, on: {
    timeupdate: tell, loadedmetadata: tell, play: tell, pause: tell, click: play,
  } });
  player.muted = true;
  return element("div", { id: "stage" }, player);
}

export function controls() {
  const bar = element("div", { id: "controls", role: "group", "aria-label": t`The clip` },
    element("button", { type: "button", id: "play", on: { click: play } }, t`Play`, " ", element("kbd", {}, word("Space"))),
    button("−1 s", ",", t`a second back`, () => step(-1)), button("+1 s", ".", t`a second on`, () => step(1)),
    element("span", { id: "at" }, "0.0 s"), element("span", { class: "gap" }));
  for (const [name, label, key] of VEILS) {
    const made = button(word(label), key, "", () => lift(name));
    made.id = `veil-${name}`;
    made.setAttribute("aria-pressed", "true");
    bar.append(made);
  }
  return bar;
}

function button(words, key, label, run) {
  return element("button", { type: "button", "aria-label": label || null, on: { click: run } }, words, " ", element("kbd", {}, key));
}

function tell() {
  if (!player || !byId("at")) return;
  const whole = Number.isFinite(player.duration) ? player.duration : 0;
  fill(byId("at"), `${player.currentTime.toFixed(1)} / ${whole.toFixed(1)} s`);
  byId("play").firstChild.data = player.paused ? t`Play` : t`Pause`;
  told(player.currentTime);
}
