// One case on one screen: the clip behind its veil, the timeline, and everything that surrounds a decision.
import { api } from "./api.js";
import { byId, element, facts, fill, left } from "./elements.js";
import { marks, strip, timeline } from "./timeline.js";
import { t, word } from "./words.js";

export const veil = { blurred: true, muted: true, grey: true };
let player = null;
let shown = null;

export const current = () => shown;

export function jump(seconds) {
  if (player && Number.isFinite(player.duration)) player.currentTime = Math.max(0, Math.min(player.duration, seconds));
}

export function jumpTo(index) {
  const found = shown ? marks(shown)[index] : undefined;
  if (found) jump(found.start ?? 0);
  return Boolean(found);
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

function unveil() {
  for (const node of document.querySelectorAll("#stage video, #strip button")) {
    node.classList.toggle("blurred", veil.blurred);
    node.classList.toggle("grey", veil.grey);
  }
  if (player) player.muted = veil.muted;
  for (const [name, label] of [["blurred", "Blur"], ["muted", "Mute"], ["grey", "Grey"]]) {
    const button = byId(`veil-${name}`);
    if (button) { button.setAttribute("aria-pressed", String(veil[name])); button.title = veil[name] ? t`${word(label)} is on` : t`${word(label)} is off`; }
  }
}

export function close() {
  shown = null;
  player = null;
  fill(byId("case-title"), t`No case is open`);
  fill(byId("case-body"));
}

export async function show(id, acts) {
  const found = await api.open(id);
  Object.assign(veil, { blurred: true, muted: true, grey: true });
  shown = found;
  player = null;
  fill(byId("case-title"), t`${word(found.kind)} · ${found.category ?? word("no category")} · severity ${found.severity}`);
  const seen = element("div", {}, await stage(found));
  const told = element("div", {}, ...about(found));
  fill(byId("case-body"), buttons(found, acts), element("div", { id: "columns" }, seen, told));
  unveil();
  byId("case").focus();
  return found;
}

function buttons(found, acts) {
  const box = element("div", { id: "acts", role: "group", "aria-label": t`What to do` });
  for (const act of acts(found)) {
    box.append(element("button", { type: "button", class: act.bad ? "bad" : "", disabled: act.off, on: { click: act.run } }, `${act.label} `, element("kbd", {}, act.key)));
  }
  return box;
}

async function stage(found) {
  const box = element("div");
  if (found.claim !== "yours") {
    box.append(element("p", { class: "faint" }, t`Claim the case to see the clip: looking counts.`));
    box.append(element("h3", {}, t`What each model saw, and where`), timeline(found, jump));
    return box;
  }
  try {
    const link = await api.link(found.id, "video");
    player = element("video", { src: link.url, preload: "metadata", playsinline: true, class: "blurred grey", "aria-label": t`The clip under review` });
    player.muted = true;
    player.controls = true;
    box.append(element("div", { id: "stage" }, player));
  } catch (error) {
    box.append(element("p", { class: "late" }, t`The clip cannot be shown: ${error.message}`));
  }
  const toggles = element("p", {});
  for (const [name, label, key] of [["blurred", "Blur", "b"], ["muted", "Mute", "m"], ["grey", "Grey", "g"]]) {
    toggles.append(element("button", { type: "button", id: `veil-${name}`, "aria-pressed": "true", on: { click: () => lift(name) } }, `${word(label)} `, element("kbd", {}, key)), " ");
  }
  box.append(toggles, element("h3", {}, t`What each model saw, and where`), timeline(found, jump));
  try {
    const sheet = await api.link(found.id, "spritesheet");
    box.append(element("h3", {}, t`Frames`), strip(sheet.url, found.seconds, jump));
  } catch {
    box.append(element("p", { class: "faint" }, t`There is no strip of frames.`));
  }
  return box;
}

function about(found) {
  const now = Date.now() / 1000;
  const clock = found.due_at - now;
  const parts = [
    facts([
      [t`Clock`, element("span", { class: clock < 0 ? "late" : clock < 7200 ? "soon" : "" }, `${left(clock)} — ${found.law}`)],
      [t`Status`, [word(found.status), word(found.claim), found.is_escalated ? t`escalated` : "", found.needs_second ? t`a second decision is needed` : "", found.decided ? word(found.decided) : ""].filter(Boolean).join(" · ")],
    ]),
    element("h3", {}, t`Prompt`), element("p", { class: "words", id: "prompt" }, found.prompt || "—"),
  ];
  if (found.notice) parts.push(element("h3", {}, t`Notice (${found.notice.ground}, ${found.notice.region})`), element("p", { class: "words" }, found.notice.statement));
  if (found.report) parts.push(element("h3", {}, t`Report`), element("p", { class: "words", id: "report" }, found.report.words || "—"), element("p", { id: "reporter" }, t`Earlier reports by this person: ${found.report.earlier}; decided ${found.report.decided}, right ${found.report.upheld}`));
  if (found.appeal) parts.push(element("h3", {}, t`Appeal against: ${word(found.before)}`), element("p", { class: "words" }, found.appeal));
  const heard = found.findings.map((each) => each.transcript).filter(Boolean);
  if (heard.length) parts.push(element("h3", {}, t`Heard`), ...heard.map((text) => element("p", { class: "words" }, text)));
  const reasons = found.findings.flatMap((each) => each.reasons.map((reason) => `${each.what}: ${reason}`));
  if (reasons.length) parts.push(element("h3", {}, t`Reasons`), element("ul", {}, ...reasons.map((reason) => element("li", {}, reason))));
  const unseen = [...new Set(found.findings.flatMap((each) => each.unseen))];
  if (unseen.length) parts.push(element("h3", {}, t`Not looked for`), element("ul", { id: "unseen" }, ...unseen.map((each) => element("li", {}, each))));
  parts.push(element("h3", {}, t`Policy: ${found.policy.title}`), element("p", {}, found.policy.text));
  parts.push(element("h3", {}, t`Consent`), element("p", {}, found.consent.state), ...found.consent.people.flatMap(person));
  const kin = [...found.lineage.ancestors.map((each) => [t`from`, each]), ...found.lineage.children.map((each) => [t`remix`, each])];
  parts.push(element("h3", {}, t`Lineage`), kin.length ? element("ul", {}, ...kin.map(([how, each]) => element("li", {}, `${how} (${each.state}): ${each.prompt || "—"}`))) : element("p", { class: "faint" }, t`made from nothing, and nothing was made from it`));
  const author = found.author;
  parts.push(element("h3", {}, t`Author`), facts([
    [t`Account`, author.since ? t`${word(author.status)}, since ${new Date(author.since * 1000).toISOString().slice(0, 10)}` : word(author.status)],
    [t`Earlier cases`, t`${author.cases}, of which ${author.restricted} restricted`],
    [t`Strikes`, t`${author.strikes} of ${author.strikes_for_suspension}`],
    [t`Reports on this clip`, author.reports_on_clip],
  ]));
  parts.push(element("h3", {}, t`Notes`), found.notes.length ? element("ul", {}, ...found.notes.map((each) => element("li", { class: "words" }, `${each.by}: ${each.what}`))) : element("p", { class: "faint" }, t`none`));
  parts.push(element("h3", {}, t`History`), element("ol", {}, ...found.history.map((each) => element("li", {}, `${new Date(each.at * 1000).toISOString().slice(0, 16).replace("T", " ")} ${each.by}: ${each.what}`))));
  return parts;
}

// Somebody in the clip: whether their consent stands, and what they asked for, against which the clip is to be read.
function person(shown) {
  const who = [shown.handle, shown.how, shown.version];
  const stands = shown.stands ? t`@${who[0]}, ${who[1]}, version ${who[2]}: stands` : t`@${who[0]}, ${who[1]}, version ${who[2]}: withdrawn`;
  const line = element("p", {}, shown.is_maker ? t`${stands}; made by themselves` : t`${stands}; made for ${shown.purpose}`);
  return shown.asks.length ? [line, element("ul", {}, ...shown.asks.map((ask) => element("li", {}, ask)))] : [line];
}
