// One case on one screen: the clip behind its veil, the timeline, and everything that surrounds a decision.
import { api } from "./api.js";
import { byId, element, facts, fill, left } from "./elements.js";
import { controls, forget, jump, stage, unveil } from "./player.js";
import { lines, marks, stand, strip, timeline, transcript } from "./timeline.js";
import { phrase, refusal, t, titled, word } from "./words.js";

let shown = null;

export const current = () => shown;

export function jumpTo(index) {
  const found = shown ? marks(shown)[index] : undefined;
  if (found) jump(found.start ?? 0);
  return Boolean(found);
}

export function close() {
  shown = null;
  forget();
  fill(byId("case-title"), t`No case is open`);
  fill(byId("case-body"));
}

export async function show(id, acts) {
  const found = await api.open(id);
  forget();
  shown = found;
  fill(byId("case-title"), t`${word(found.kind)} · ${word(found.category ?? "no category")} · severity ${found.severity}`);
  const seen = element("div", {}, await seeing(found));
  const told = element("div", { id: "about" }, ...about(found));
  fill(byId("case-body"), buttons(found, acts), element("div", { id: "columns" }, seen, told));
  unveil();
  byId("case").focus({ preventScroll: true });
  if (matchMedia("(max-width: 60rem)").matches) byId("case").scrollIntoView(); // there it lies below the queue
  return found;
}

function buttons(found, acts) {
  const box = element("div", { id: "acts", role: "group", "aria-label": t`What to do` });
  for (const act of acts(found)) {
    box.append(element("button", { type: "button", class: act.look ?? "", disabled: act.off, on: { click: act.run } }, `${act.label} `, element("kbd", {}, act.key)));
  }
  return box;
}

async function seeing(found) {
  const box = element("div");
  const time = [element("h3", {}, t`What each model saw, and where`), timeline(found, jump), ...heard(found)];
  if (found.claim !== "yours") {
    box.append(element("p", { class: "faint" }, t`Claim the case to see the clip: looking counts.`), ...time);
    return box;
  }
  try {
    const link = await api.link(found.id, "video");
    box.append(stage(link.url, (at) => stand(at, found.seconds)), controls());
  } catch (error) {
    box.append(element("p", { class: "late" }, t`The clip cannot be shown: ${refusal(error)}`));
  }
  box.append(...time);
  try {
    const sheet = await api.link(found.id, "spritesheet");
    box.append(element("h3", {}, t`Frames`), strip(sheet.url, found.seconds, jump));
  } catch {
    box.append(element("p", { class: "faint" }, t`There is no strip of frames.`));
  }
  return box;
}

// What was said: line by line where the models told when, else as one text.
function heard(found) {
  const texts = found.findings.map((each) => each.transcript).filter(Boolean);
  if (texts.length === 0) return [];
  const told = lines(found).length ? [transcript(found, jump)] : texts.map((text) => element("p", { class: "words" }, text));
  return [element("h3", {}, t`Heard`), ...told];
}

function about(found) {
  return [
    ...clock(found),
    element("h3", {}, t`Prompt`), element("p", { class: "words", id: "prompt" }, found.prompt || "—"),
    ...asked(found), ...judged(found),
    element("h3", {}, t`Policy: ${titled(found.policy).title}`), element("p", {}, titled(found.policy).text),
    element("h3", {}, t`Consent`), element("p", {}, phrase(found.consent.state)), ...found.consent.people.flatMap(person),
    element("h3", {}, t`Lineage`), lineage(found), ...author(found), ...past(found),
  ];
}

function clock(found) {
  const rest = found.due_at - Date.now() / 1000;
  const urgent = rest < 0 ? "late" : rest < 7200 ? "soon" : "";
  const status = [word(found.status), word(found.claim), found.is_escalated ? t`escalated` : "", found.needs_second ? t`a second decision is needed` : "", found.decided ? word(found.decided) : ""];
  return [facts([
    [t`Clock`, element("span", { class: urgent }, `${left(rest)} — ${phrase(found.law)}`)],
    [t`Status`, status.filter(Boolean).join(" · ")],
    [t`Surest score`, found.confidence.toFixed(2)],
  ])];
}

// What somebody outside wants: a notice, a report, an appeal.
function asked(found) {
  const parts = [];
  if (found.notice) parts.push(element("h3", {}, t`Notice (${word(found.notice.ground)}, ${found.notice.region})`), element("p", { class: "words" }, found.notice.statement));
  if (found.report) parts.push(element("h3", {}, t`Report`), element("p", { class: "words", id: "report" }, found.report.words || "—"), element("p", { id: "reporter" }, t`Earlier reports by this person: ${found.report.earlier}; decided ${found.report.decided}, right ${found.report.upheld}`));
  if (found.appeal) parts.push(element("h3", {}, t`Appeal against: ${word(found.before)}`), element("p", { class: "words" }, found.appeal));
  return parts;
}

function judged(found) {
  const parts = [];
  const reasons = found.findings.flatMap((each) => each.reasons.map((reason) => `${word(each.what)}: ${phrase(reason)}`));
  if (reasons.length) parts.push(element("h3", {}, t`Reasons`), element("ul", {}, ...reasons.map((reason) => element("li", {}, reason))));
  const unseen = [...new Set(found.findings.flatMap((each) => each.unseen))];
  if (unseen.length) parts.push(element("h3", {}, t`Not looked for`), element("ul", { id: "unseen" }, ...unseen.map((each) => element("li", {}, phrase(each)))));
  return parts;
}

// Where it comes from and what came of it: the oldest clip first, each below what it was made from.
function lineage(found) {
  const { ancestors, children } = found.lineage;
  if (!ancestors.length && !children.length) return element("p", { class: "faint" }, t`made from nothing, and nothing was made from it`);
  const relative = (each, ...below) => element("li", {}, element("em", {}, word(each.state)), ` ${each.prompt || "—"}`, ...below);
  const below = children.length ? element("ul", {}, ...children.map((each) => relative(each))) : null;
  const self = element("ul", {}, element("li", { "aria-current": "true" }, element("strong", {}, t`this clip`), below));
  const tree = ancestors.reduce((nested, each) => element("ul", {}, relative(each, nested)), self); // told from the nearest to the oldest
  tree.id = "lineage";
  return tree;
}

function author({ author: known }) {
  return [element("h3", {}, t`Author`), facts([
    [t`Account`, known.since ? t`${word(known.status)}, since ${new Date(known.since * 1000).toISOString().slice(0, 10)}` : word(known.status)],
    [t`Earlier cases`, t`${known.cases}, of which ${known.restricted} restricted`],
    [t`Strikes`, t`${known.strikes} of ${known.strikes_for_suspension}`],
    [t`Reports on this clip`, known.reports_on_clip],
  ])];
}

function past(found) {
  const notes = found.notes.map((each) => element("li", { class: "words" }, `${word(each.by)}: ${each.what}`));
  const acts = found.history.map((each) => element("li", {}, `${new Date(each.at * 1000).toISOString().slice(0, 16).replace("T", " ")} ${word(each.by)}: ${phrase(each.what)}`));
  return [
    element("h3", {}, t`Notes`), notes.length ? element("ul", {}, ...notes) : element("p", { class: "faint" }, t`none`),
    element("h3", {}, t`History`), element("ol", {}, ...acts),
  ];
}

// Somebody in the clip: whether their consent stands, and what they asked for, against which the clip is to be read.
function person(each) {
  const how = word(each.how);
  const stands = each.stands ? t`@${each.handle}, ${how}, version ${each.version}: stands` : t`@${each.handle}, ${how}, version ${each.version}: withdrawn`;
  const line = element("p", {}, each.is_maker ? t`${stands}; made by themselves` : t`${stands}; made for ${word(each.purpose)}`);
  return each.asks.length ? [line, element("ul", {}, ...each.asks.map((ask) => element("li", {}, ask)))] : [line];
}
