// The console: the queue, the open case, decisions and figures, all of it by keys as well as by pointer.
import { api, session } from "./api.js";
import * as shown from "./case.js";
import * as player from "./player.js";
import { charts } from "./charts.js";
import { byId, element, fill, left } from "./elements.js";
import { language, refusal, t, titled, translate, word } from "./words.js";

const RESTRICTIVE = ["reject", "remove", "erase", "suspend"];
const MILD = { held: "release", notice: "keep", report: "keep", match: "keep", strikes: "keep", appeal: "overturn" };
const STRICT = { held: "reject", notice: "remove", report: "remove", match: "remove", strikes: "suspend", appeal: "uphold" };
const state = { cases: [], at: -1, marked: new Set(), last: null, handbook: {}, undo: null, bulk: false, quiet: undefined };

const SAID_FOR = 45_000; // milliseconds: longer than a decision can be taken back

/** Says what happened; when it is old news the line goes away, for it lies over the page. */
function say(words) {
  const line = byId("said");
  fill(line, words);
  clearTimeout(state.quiet);
  state.quiet = setTimeout(() => fill(line), SAID_FOR);
}

async function trying(act) {
  try {
    return await act();
  } catch (error) {
    say(refusal(error));
    if (error.status === 401) leave();
    return undefined;
  }
}

async function comeIn(token) {
  session.open(token, () => leave(t`Fifteen minutes without a key or a click: sign in again.`));
  const handbook = await trying(api.handbook);
  if (!handbook) { session.close(); return; }
  state.handbook = handbook;
  for (const [name, entry] of Object.entries(handbook)) byId("harm").append(element("option", { value: name }, titled(entry).title));
  byId("door").hidden = true;
  byId("desk").hidden = false;
  byId("leave").hidden = false;
  await refresh();
  say(t`You are in.`);
}

function leave(words = t`You are out.`) {
  session.close();
  shown.close();
  Object.assign(state, { cases: [], at: -1, last: null, undo: null });
  state.marked.clear();
  fill(byId("cases"));
  fill(byId("shift"));
  byId("token").value = "";
  byId("door").hidden = false;
  for (const id of ["desk", "figures", "leave"]) byId(id).hidden = true;
  say(words);
}

async function refresh(after) {
  const page = await trying(() => api.queue(byId("harm").value, after));
  if (!page) return;
  state.cases = after ? [...state.cases, ...page.data] : page.data;
  state.last = page.last_id;
  state.at = Math.min(Math.max(state.at, 0), state.cases.length - 1);
  byId("more").hidden = !page.has_more;
  list();
  await shift();
}

async function shift() {
  const told = await trying(api.shift);
  if (!told) return;
  const until = told.rest_until ? new Date(told.rest_until * 1000).toTimeString().slice(0, 5) : "";
  const rest = until ? t` · break until ${until}` : "";
  byId("rest").hidden = !until;
  fill(byId("rest"), t`It is time for a break, until ${until}. Nothing is handed out before.`);
  fill(byId("shift"), t`${told.pseudonym} · seen ${told.points} of ${told.most_points} points, ${told.grave} of ${told.most_grave} grave${rest}`);
}

function list() {
  const now = Date.now() / 1000;
  fill(byId("cases"), ...state.cases.map((each, index) => {
    const clock = each.due_at - now;
    const item = element("li", { role: "option", id: `case-${index}`, "data-id": each.id, "aria-selected": String(index === state.at), class: state.marked.has(each.id) ? "marked" : "", on: { click: () => { state.at = index; open(); } } },
      element("div", { class: "line" }, element("strong", {}, word(each.category ?? "no category")),
        element("span", { class: clock < 0 ? "late" : clock < 7200 ? "soon" : "faint" }, left(clock))),
      element("div", { class: "faint" }, [word(each.kind), t`severity ${each.severity}`, t`sure ${each.confidence.toFixed(2)}`, each.claim === "free" ? "" : word(each.claim)].filter(Boolean).join(" · ")),
      element("div", {}, each.prompt.slice(0, 140)));
    return item;
  }));
  byId("cases").setAttribute("aria-activedescendant", state.at >= 0 ? `case-${state.at}` : "");
  byId("empty").hidden = state.cases.length > 0;
  const count = state.marked.size;
  byId("bulk").hidden = count === 0;
  fill(byId("bulk"), t`Decide ${count} marked `, element("kbd", {}, "B"));
}

function move(by) {
  if (!state.cases.length) return;
  state.at = Math.min(Math.max(state.at + by, 0), state.cases.length - 1);
  list();
  byId(`case-${state.at}`).scrollIntoView({ block: "nearest" });
}

async function open(id = state.cases[state.at]?.id) {
  if (!id) { say(t`The queue is empty.`); return; }
  await trying(() => api.act(id, "claim"));
  await trying(() => shown.show(id, acts));
  await refresh();
}

async function next() {
  const taken = await trying(() => api.next(byId("harm").value));
  if (!taken) { await shift(); return; }
  state.at = 0;
  say(t`Claimed: yours for fifteen minutes.`);
  await trying(() => shown.show(taken.id, acts));
  await refresh();
}

function strict(found) { return STRICT[found.kind] ?? found.actions.find((action) => RESTRICTIVE.includes(action)); }
function mild(found) { return MILD[found.kind] ?? found.actions.find((action) => !RESTRICTIVE.includes(action)); }

function acts(found) {
  const off = found.claim !== "yours" || found.status !== "open";
  return [
    { label: word(mild(found)), key: "a", off, look: "good", run: () => decide(mild(found)) },
    { label: word(strict(found)), key: "x", off, look: "bad", run: () => decide(strict(found)) },
    { label: t`Decide…`, key: "d", off, run: ask },
    { label: t`Escalate`, key: "e", off, run: () => pass("escalate", t`Escalated.`) },
    { label: t`Second reviewer`, key: "s", off, run: () => pass("second", t`Left to a second reviewer.`) },
    { label: t`Put back`, key: "r", off, run: () => pass("put_back", t`Put back.`) },
    { label: t`Note`, key: "o", run: note },
    { label: t`Undo`, key: "u", off: state.undo === null && found.status === "open", run: undo },
  ];
}

const template = (category) => (state.handbook[category ?? "none"] ?? state.handbook.none)[language];

async function decide(action, explanation, category) {
  const found = shown.current();
  if (!found || found.claim !== "yours") { say(t`Claim a case first.`); return; }
  const words = explanation ?? (RESTRICTIVE.includes(action) ? template(found.category) : "");
  const body = { action, explanation: words, ...(category ? { category } : {}) };
  const done = await trying(() => api.act(found.id, "decide", body));
  if (!done) return;
  state.undo = [found.id];
  say(done.needs_second ? t`${word(action)}: a second person must agree.` : done.is_escalated ? t`You two disagree: a senior decides.` : t`${word(action)}: takes effect in 30 seconds. u takes it back.`);
  shown.close();
  await refresh();
}

async function pass(verb, words) {
  const found = shown.current();
  if (!found) return;
  if (!await trying(() => api.act(found.id, verb))) return;
  say(words);
  shown.close();
  await refresh();
}

async function undo() {
  const ids = state.undo ?? (shown.current() ? [shown.current().id] : []);
  if (!ids.length) { say(t`There is nothing to take back.`); return; }
  let back = 0;
  for (const id of ids) if (await trying(() => api.act(id, "undo"))) back += 1;
  if (!back) return;
  state.undo = null;
  say(ids.length > 1 ? t`${back} of ${ids.length} taken back.` : t`Taken back.`);
  if (ids.length === 1) await open(ids[0]); else await refresh();
}

function ask() {
  const found = shown.current();
  if (!state.bulk && !found) return;
  const actions = state.bulk ? bulkActions() : found.actions;
  fill(byId("action"), ...actions.map((action) => element("option", { value: action }, found?.for_two?.includes(action) ? t`${word(action)} (needs a second person)` : word(action))));
  fill(byId("ground"), ...Object.entries(state.handbook).map(([name, entry]) => element("option", { value: name }, titled(entry).title)));
  byId("ground").value = (state.bulk ? common((each) => each.category) : found.category) ?? "none";
  byId("explanation").value = "";
  fill(byId("preview"));
  fill(byId("confirm"), state.bulk ? t`Preview ` : t`Decide `, element("kbd", {}, "Ctrl"), " ", element("kbd", {}, "Enter"));
  byId("deciding").showModal();
}

// What all marked cases have alike, null where they differ.
function common(of) {
  const found = new Set(state.cases.filter((each) => state.marked.has(each.id)).map(of));
  return found.size === 1 ? [...found][0] : null;
}

function bulkActions() {
  const marked = state.cases.filter((each) => state.marked.has(each.id));
  return common((each) => each.kind) === "held" ? ["release", "reject"] : marked.some((each) => each.kind === "held") ? [] : ["keep", "remove"];
}

async function submit() {
  const category = byId("ground").value === "none" ? null : byId("ground").value;
  const body = { action: byId("action").value, explanation: byId("explanation").value, ...(category ? { category } : {}) };
  if (!state.bulk) {
    byId("deciding").close();
    await decide(body.action, body.explanation, category);
    return;
  }
  const ids = [...state.marked];
  if (byId("preview").childElementCount === 0) {
    for (const id of ids) await trying(() => api.act(id, "claim"));
    const told = await trying(() => api.many(ids, body, true));
    if (!told) return;
    fill(byId("preview"), element("p", {}, t`${told.data.filter((each) => each.is_possible).length} of ${ids.length} can be decided so:`), element("ul", {}, ...told.data.map((each) => element("li", { class: each.is_possible ? "" : "late" }, `${asked(each.case_id)}: ${each.is_possible ? word(each.status) : refusal({ code: each.code, message: each.problem })}`))));
    fill(byId("confirm"), t`Decide ${ids.length}`);
    return;
  }
  const told = await trying(() => api.many(ids, body, false));
  byId("deciding").close();
  if (told) {
    const done = told.data.filter((each) => each.is_possible).map((each) => each.case_id);
    state.undo = done.length ? done : state.undo;
    say(t`${done.length} decided. u takes them back.`);
  }
  state.marked.clear();
  state.bulk = false;
  await refresh();
}

function asked(id) {
  const found = state.cases.find((each) => each.id === id);
  return found ? `${word(found.category ?? "no category")}, “${found.prompt.slice(0, 80)}”` : id;
}

function note() {
  if (!shown.current()) return;
  byId("note").value = "";
  byId("noting").showModal();
}

async function view(name) {
  if (!session.isOpen()) return;
  for (const each of ["desk", "figures"]) {
    byId(each).hidden = each !== name;
    byId(`to-${each}`).setAttribute("aria-pressed", String(each === name));
  }
  if (name === "figures") {
    const told = await trying(api.figures);
    if (told) fill(byId("charts"), ...charts(told));
  } else await refresh();
}

function mark() {
  const id = state.cases[state.at]?.id;
  if (!id) return;
  if (!state.marked.delete(id)) state.marked.add(id);
  list();
}

function bulk() {
  if (!state.marked.size) { say(t`Mark cases with v first.`); return; }
  state.bulk = true;
  ask();
}

const KEYS = {
  n: ["next case for you", next], j: ["down the queue", () => move(1)], k: ["up the queue", () => move(-1)],
  Enter: ["claim and open", () => open()], v: ["mark for bulk", mark], B: ["decide all marked, with a preview", bulk],
  " ": ["play or pause", player.play], b: ["blur on or off", () => player.lift("blurred")],
  m: ["sound on or off", () => player.lift("muted")], g: ["grey on or off", () => player.lift("grey")],
  ",": ["a second back", () => player.step(-1)], ".": ["a second on", () => player.step(1)],
  a: ["let it be (release, keep, overturn)", () => shown.current() && decide(mild(shown.current()))],
  x: ["stop it (reject, remove, uphold)", () => shown.current() && decide(strict(shown.current()))],
  d: ["decide with words of your own", ask], e: ["escalate to a senior", () => pass("escalate", t`Escalated.`)],
  s: ["leave it to a second reviewer", () => pass("second", t`Left to a second reviewer.`)],
  r: ["put back", () => pass("put_back", t`Put back.`)], o: ["note", note], u: ["undo", undo],
  q: ["desk", () => view("desk")], f: ["figures", () => view("figures")], "?": ["these keys", () => byId("help").showModal()],
};

function onKey(event) {
  session.touch();
  if (!session.isOpen() || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
  if ((event.key === "Enter" || event.key === " ") && event.target.closest("button, summary, a")) return;
  if (/^[1-9]$/.test(event.key) && shown.jumpTo(Number(event.key) - 1)) { event.preventDefault(); return; }
  const found = KEYS[event.key];
  if (!found) return;
  event.preventDefault();
  found[1]();
}

function wire() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", () => session.touch());
  byId("sign-in").addEventListener("submit", (event) => { event.preventDefault(); comeIn(byId("token").value.trim()); });
  byId("leave").addEventListener("click", () => leave());
  byId("take").addEventListener("click", next);
  byId("bulk").addEventListener("click", bulk);
  byId("more").addEventListener("click", () => refresh(state.last));
  byId("harm").addEventListener("change", () => { state.at = 0; refresh(); });
  byId("to-desk").addEventListener("click", () => view("desk"));
  byId("to-figures").addEventListener("click", () => view("figures"));
  byId("to-help").addEventListener("click", () => byId("help").showModal());
  byId("decision").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  byId("deciding").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); submit(); }
    if (event.key === "t" && event.altKey) { event.preventDefault(); byId("explanation").value = template(byId("ground").value); }
  });
  byId("deciding").addEventListener("close", () => { state.bulk = false; });
  byId("template").addEventListener("click", () => { byId("explanation").value = template(byId("ground").value); });
  byId("cancel").addEventListener("click", () => byId("deciding").close());
  byId("note-cancel").addEventListener("click", () => byId("noting").close());
  byId("note-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    byId("noting").close();
    const id = shown.current().id;
    if (await trying(() => api.act(id, "notes", { text: byId("note").value }))) await trying(() => shown.show(id, acts));
  });
  fill(byId("keys"), ...Object.entries(KEYS).flatMap(([key, [words]]) => [element("dt", {}, element("kbd", {}, key === " " ? word("Space") : key)), element("dd", {}, word(words))]), element("dt", {}, element("kbd", {}, "1–9")), element("dd", {}, t`jump to what a model saw`));
}

translate(document.body);
wire();
