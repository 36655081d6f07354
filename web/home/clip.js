// One clip as a card: its stages while it is made, the clip itself once it is ready, and what may be done with it.
import { element, button } from "./elements.js";
import { told, words } from "../words.js";

const STAGES = ["queued", "screening_prompt", "awaiting_key", "generating", "screening_media", "held", "signing", "publishing"];

export function card(video, acts) {
  const made = element("article", { className: "clip" });
  made.dataset.id = video.id;
  made.dataset.status = video.status;
  made.append(screen(video), element("p", { className: "words", textContent: video.prompt ?? "" }), ...facts(video), ...reasons(video), doors(video, acts));
  return made;
}

function screen(video) {
  if (video.status === "completed" && video.links) return film(video);
  if (video.status === "failed") return element("div", { className: "screen" }, element("p", { textContent: words().failed }));
  return element("div", { className: "screen" }, element("div", { className: "waiting" }, stages(video), bar(video), element("p", { textContent: wait(video) })));
}

function film(video) {
  const player = element("video", { src: video.links.video, poster: video.links.thumbnail, controls: true, loop: true, playsInline: true, preload: "none" });
  player.setAttribute("aria-label", video.prompt ?? "");
  return element("div", { className: "screen" }, player, element("span", { className: "label", textContent: words().generated }));
}

function stages(video) {
  const now = STAGES.indexOf(video.stage);
  const shown = STAGES.filter((stage) => !["held", "awaiting_key"].includes(stage) || video.stage === stage);
  return element("ol", { className: "stages" }, ...shown.map((stage) => {
    const place = STAGES.indexOf(stage);
    const item = element("li", { textContent: words().stages[stage], className: place < now ? "past" : place === now ? "now" : "" });
    if (place === now) item.setAttribute("aria-current", "step");
    return item;
  }));
}

function bar(video) {
  const shown = element("progress", { max: 100, value: video.progress });
  shown.setAttribute("aria-label", words().stages[video.stage]);
  return shown;
}

function wait(video) {
  if (["held", "awaiting_key"].includes(video.stage)) return "";
  const queue = video.queue_position ? `${words().ahead(video.queue_position)} · ` : "";
  return video.eta_seconds ? queue + words().left(video.eta_seconds) : queue;
}

function facts(video) {
  const lines = [`${video.seconds} s · ${video.size}${video.style ? ` · ${words().styles[video.style] ?? video.style}` : ""}`];
  if (video.remixed_from_video_id) lines.push(words().remixed);
  if (video.author) lines.unshift(`@${video.author}`);
  const made = lines.map((textContent) => element("p", { className: "facts", textContent }));
  if (video.error) made.push(element("p", { className: "facts warn", textContent: told(video.error) }));
  if (video.not_rendered?.length) made.push(element("p", { className: "facts warn", textContent: words().notRendered(video.not_rendered.join(", ")) }));
  made.push(...(video.warnings ?? []).map((textContent) => element("p", { className: "facts warn", textContent })));
  return made;
}

function reasons(video) {
  if (!video.why?.length) return [];
  const terms = video.why.map(({ term, value, about }) => {
    const named = `${words().whyTerms[term] ?? term}${about && term === "fit" ? ` (${about})` : ""}`;
    return element("li", { textContent: term === "newest" ? named : `${named} ${value > 0 ? "+" : ""}${value.toFixed(2)}` });
  });
  return [element("details", { className: "facts" }, element("summary", { textContent: words().why }), element("ul", {}, ...terms))];
}

function doors(video, acts) {
  const row = element("div", { className: "acts" });
  if (video.status === "completed") {
    if (acts.post && video.visibility !== "public") row.append(button(words().post, () => acts.post(video), "post"));
    if (acts.post && video.visibility === "public") row.append(element("span", { className: "facts", textContent: words().posted }));
    row.append(button(words().remix, () => acts.remix(video), "remix"));
    if (video.links) row.append(element("a", { href: video.links.video, download: `${video.id}.mp4`, textContent: words().download }));
  }
  if (acts.remove) row.append(button(words().remove, () => acts.remove(video), "quiet remove"));
  return row;
}
