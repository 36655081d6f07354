// The first page: come in, say a sentence, watch the stages, post, remix. It polls only while something is being made.
import { api, ApiError, session } from "../api.js";
import { dress, otherLanguage, told, words } from "../words.js";
import { card } from "./clip.js";
import { button, element } from "./elements.js";
import { forgetSteering, loadSteering, paintSteering, steering } from "./steering.js";

const POLL = 1000;
const $ = (id) => document.getElementById(id);
const state = { mine: [], feed: [], after: null, remixing: null, polling: null };

const open = (video) => video.status === "queued" || video.status === "in_progress";

function complain(place, error) {
  if (error instanceof ApiError && error.status === 401 && session.get()) return leave(words().expired);
  $(place).textContent = error instanceof ApiError ? told(error) : words().offline;
}

function paint() {
  dress();
  const kept = session.get();
  $("language").textContent = words().other;
  $("who").textContent = kept ? words().signedIn(kept.handle) : "";
  $("sign-out").hidden = !kept;
  $("door").hidden = Boolean(kept);
  $("studio").hidden = $("shelves").hidden = !kept;
  $("prompt").placeholder = words().promptHint;
  for (const option of $("style").options) option.textContent = words().styles[option.value] ?? words().anyStyle;
  paintRemix();
  paintSteering();
  paintShelf("mine", state.mine, words().noMine, { post, remix, remove });
  paintShelf("feed", state.feed, words().noFeed, { remix });
  $("more").hidden = !state.after;
}

function paintShelf(place, videos, empty, acts) {
  const shelf = $(place);
  if (!videos.length) return shelf.replaceChildren(element("p", { className: "empty", textContent: empty }));
  const before = new Map([...shelf.querySelectorAll(".clip")].map((shown) => [shown.dataset.id, shown]));
  // A clip that is playing must not be torn out of the page because another one made progress.
  shelf.replaceChildren(...videos.map((video) => {
    const shown = before.get(video.id);
    const settled = shown && !open(video) && shown.dataset.face === face(video);
    if (settled) return shown;
    const fresh = card(video, acts);
    fresh.dataset.face = face(video);
    return fresh;
  }));
}

const face = (video) => [document.documentElement.lang, video.status, video.visibility].join();

function paintRemix() {
  const banner = $("remix-of");
  banner.hidden = !state.remixing;
  if (!state.remixing) return;
  banner.replaceChildren(words().remixOf(state.remixing.prompt), button(words().cancel, () => { state.remixing = null; paint(); }, "quiet"));
}

async function loadMine() {
  state.mine = (await api.mine()).data;
  paint();
  if (state.mine.some(open) && !state.polling) state.polling = setTimeout(poll, POLL);
}

async function poll() {
  state.polling = null;
  try {
    const before = state.mine.filter(open).length;
    await loadMine();
    if (state.mine.filter(open).length < before) await loadFeed();
  } catch (error) {
    complain("composer-error", error);
    if (session.get()) state.polling = setTimeout(poll, 3 * POLL);
  }
}

async function loadFeed(after = null) {
  const page = await api.feed(after);
  const shown = page.data.map((post) => ({ ...post.video, author: post.author.handle, why: post.why }));
  $("feed-done").textContent = page.message ?? "";
  if (page.left_today !== null && shown.length) await api.shown(shown.map((video) => video.id)); // which, never how long
  state.feed = after ? [...state.feed, ...shown] : shown;
  state.after = page.has_more ? page.next : null;
  paint();
}

async function create(event) {
  event.preventDefault();
  const form = new FormData($("composer"));
  const ask = { prompt: form.get("prompt"), ...(form.get("style") ? { style: form.get("style") } : {}) };
  $("create").disabled = true;
  $("composer-error").textContent = "";
  try {
    if (state.remixing) await api.remix(state.remixing.id, ask);
    else await api.create({ ...ask, size: form.get("size"), seconds: form.get("seconds") });
    state.remixing = null;
    $("prompt").value = "";
    await loadMine();
  } catch (error) {
    complain("composer-error", error);
  } finally {
    $("create").disabled = false;
  }
}

const acting = (act) => async (video) => {
  try {
    await act(video);
  } catch (error) {
    complain("composer-error", error);
  }
};

const post = acting(async (video) => { await api.post(video.id); await loadMine(); await loadFeed(); });
const remove = acting(async (video) => { if (confirm(words().sure)) { await api.remove(video.id); await loadMine(); await loadFeed(); } });

function remix(video) {
  state.remixing = video;
  paint();
  $("prompt").focus();
}

async function enter(kept) {
  session.keep(kept);
  try {
    kept.handle = (await api.me()).handle;
    session.keep(kept);
    await prepare();
  } catch (error) {
    session.forget();
    paint();
    $("door-error").textContent = error instanceof ApiError ? told(error) : words().offline;
  }
}

async function prepare() {
  const styles = (await api.styles()).data.map((style) => style.id);
  $("style").replaceChildren(new Option("", ""), ...styles.map((style) => new Option(style, style)));
  await Promise.all([loadMine(), loadFeed(), loadSteering()]);
}

function leave(why = "") {
  clearTimeout(state.polling);
  Object.assign(state, { mine: [], feed: [], after: null, remixing: null, polling: null });
  session.forget();
  forgetSteering();
  paint();
  $("door-error").textContent = why;
  showPeople();
}

async function showPeople() {
  try {
    const people = (await api.people()).data;
    $("people").replaceChildren(...people.map(({ handle }) => button(`@${handle}`, async () => enter(await api.signInAs(handle)), "primary")));
  } catch {
    $("people").replaceChildren(); // a home without demo people: a token is the way in
  }
}

$("language").onclick = () => { otherLanguage(); paint(); if (session.get()) loadSteering().catch((error) => complain("composer-error", error)); };
steering(() => loadFeed());
$("sign-out").onclick = () => leave();
$("composer").onsubmit = create;
$("more").onclick = () => loadFeed(state.after).catch((error) => complain("composer-error", error));
$("token-form").onsubmit = (event) => { event.preventDefault(); enter({ token: $("token").value.trim(), handle: "" }); };

paint();
if (session.get()) prepare().catch((error) => complain("composer-error", error));
else showPeople();
