// Drives the API with the official Node client, unchanged, and prints what it was told as one line of JSON.
// It is copied beside the client's node_modules and run there; story.py is the same story for the Python clients.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import OpenAI, { toFile } from "openai";

const task = JSON.parse(process.argv[2]);
const client = new OpenAI({ apiKey: task.token, baseURL: task.base_url });
const stranger = new OpenAI({ apiKey: task.stranger, baseURL: task.base_url });
const told = {};
const media = (name) => join(task.media, name);
const file = (name) => createReadStream(media(name));

// The answer to a request whose clip nobody waits for: it is deleted again, so that the queue stays short.
async function queued(promise) {
  const video = await promise;
  const { deleted } = await client.videos.delete(video.id);
  return { ...video, deleted };
}

async function refused(act) {
  try {
    return { class: null, answer: JSON.stringify(await act()) };
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    const { status, code, param, type, requestID } = error;
    return {
      class: error.constructor.name, status, code, param, type, message: error.error?.message, request_id: requestID,
    };
  }
}

// This client has no polling of its own, so this does what the Python one does.
async function polled(promise) {
  const { id } = await promise;
  for (;;) {
    const { data, response } = await client.videos.retrieve(id).withResponse();
    if (data.status !== "queued" && data.status !== "in_progress") return data;
    const wait = Number.parseInt(response.headers.get("openai-poll-after-ms") ?? "1000", 10);
    await new Promise((wake) => setTimeout(wake, wait));
  }
}

async function making() {
  const asked = await client.videos.create({ prompt: "a fox in the snow", seconds: "8", size: "1280x720", seed: 7 });
  told.created = asked;
  const raw = await client.videos.retrieve(asked.id).asResponse();
  told.poll_after_ms = raw.headers.get("openai-poll-after-ms");
  told.made = await polled(asked);
  told.retrieved = await client.videos.retrieve(asked.id);
}

async function downloading(id) {
  for (const variant of ["video", "thumbnail", "spritesheet"]) {
    const response = await client.videos.downloadContent(id, { variant });
    const data = Buffer.from(await response.arrayBuffer());
    writeFileSync(join(task.out, variant), data);
    told[`download_${variant}`] = {
      content_type: response.headers.get("content-type"),
      sha256: createHash("sha256").update(data).digest("hex"),
      size: data.length,
      head: data.subarray(0, 12).toString("hex"),
      redirects: response.redirected ? [302] : [],
      other_origin: new URL(response.url).port !== new URL(task.base_url).port,
    };
  }
}

async function buildingOn(id) {
  told.remixed = await queued(client.videos.remix(id, { prompt: "at night" }));
  told.edited = await queued(client.videos.edit({ prompt: "in rain", video: { id } }));
  told.extended = await queued(client.videos.extend({ prompt: "it sleeps", seconds: "4", video: { id } }));
  told.edited_file = await queued(client.videos.edit({ prompt: "in rain", video: file("clip.mp4") }));
  told.extended_file = await queued(client.videos.extend({ prompt: "more", seconds: "8", video: file("clip.mp4") }));
  told.character = await client.videos.createCharacter({ name: "Mossy", video: file("clip.mp4") });
  told.character_again = await client.videos.getCharacter(told.character.id);
}

async function referring() {
  const picture = readFileSync(media("picture.png"));
  const image_url = `data:image/png;base64,${picture.toString("base64")}`;
  told.from_file = await polled(
    client.videos.create({ prompt: "it moves", input_reference: file("picture.png") }),
  );
  told.from_url = await queued(client.videos.create({ prompt: "it moves", input_reference: { image_url } }));
  told.file = await client.files.create({ file: await toFile(picture, "picture.png"), purpose: "vision" });
  told.file_again = await client.files.retrieve(told.file.id);
  told.files = [];
  for await (const each of client.files.list()) told.files.push(each.id);
  const input_reference = { file_id: told.file.id };
  told.from_id = await queued(client.videos.create({ prompt: "it moves", input_reference }));
  told.file_deleted = await client.files.delete(told.file.id);
}

async function uploading() {
  const clip = readFileSync(media("clip.mp4"));
  const half = clip.length >> 1;
  const asked = { bytes: clip.length, filename: "clip.mp4", mime_type: "video/mp4", purpose: "user_data" };
  const pending = await client.uploads.create(asked);
  const part_ids = [];
  for (const data of [clip.subarray(0, half), clip.subarray(half)]) {
    part_ids.push((await client.uploads.parts.create(pending.id, { data: await toFile(data, "part") })).id);
  }
  const md5 = createHash("md5").update(clip).digest("hex");
  const done = await client.uploads.complete(pending.id, { part_ids, md5 });
  told.upload = { pending, done };
  const input_reference = { file_id: done.file.id };
  told.upload_used = await queued(client.videos.create({ prompt: "it goes on", input_reference }));
  told.upload_cancelled = await client.uploads.cancel((await client.uploads.create(asked)).id);
}

async function listing() {
  const more = [];
  for (const number of [0, 1, 2]) more.push((await client.videos.create({ prompt: `number ${number}` })).id);
  const page = await client.videos.list({ limit: 2 });
  told.page = { ids: page.data.map((each) => each.id), has_more: page.hasNextPage() };
  told.newest_first = [];
  for await (const each of client.videos.list({ limit: 2 })) told.newest_first.push(each.id);
  told.oldest_first = [];
  for await (const each of client.videos.list({ limit: 3, order: "asc" })) told.oldest_first.push(each.id);
  for (const each of more) await client.videos.delete(each);
}

async function deleting() {
  const seen = await client.videos.create({ prompt: "never seen" });
  told.deleted = { id: seen.id, answer: await client.videos.delete(seen.id) };
  told.deleted_again = await refused(() => client.videos.retrieve(seen.id));
}

async function failing(id) {
  const { videos } = client;
  const sent = (name) => videos.create({ prompt: "x", input_reference: file(name) });
  const image_url = "https://example.com/a.png";
  told.blocked = await polled(videos.create({ prompt: task.blocked_text }));
  told.errors = {
    empty: await refused(() => videos.create({ prompt: "" })),
    long: await refused(() => videos.create({ prompt: "x".repeat(32_001) })),
    model: await refused(() => videos.create({ prompt: "x", model: "dall-e-9" })),
    size: await refused(() => videos.create({ prompt: "x", size: "1920x1080" })),
    seconds: await refused(() => videos.create({ prompt: "x", seconds: 7 })),
    unknown: await refused(() => videos.retrieve("video_unknown")),
    foreign: await refused(() => stranger.videos.retrieve(id)),
    foreign_source: await refused(() => stranger.videos.remix(id, { prompt: "x" })),
    foreign_delete: await refused(() => stranger.videos.delete(id)),
    token: await refused(() => client.withOptions({ apiKey: "wrong" }).videos.list()),
    variant: await refused(() => videos.downloadContent(id, { variant: "gif" })),
    cut: await refused(() => sent("cut.mp4")),
    disguised: await refused(() => sent("disguised.png")),
    large: await refused(() => sent("large.mp4")),
    url: await refused(() => videos.create({ prompt: "x", input_reference: { image_url } })),
  };
  const waiting = await videos.create({ prompt: "not ready" });
  told.errors.not_ready = await refused(() => videos.downloadContent(waiting.id));
  await videos.delete(waiting.id);
}

async function retrying() {
  const mine = async () => (await client.videos.list({ limit: 100 })).data.map((each) => each.id);
  const before = await mine();
  const lost = { headers: { "x-lose-first-answer": "1" } };
  const once = await client.videos.create({ prompt: "sent twice, made once" }, lost);
  told.retried = { id: once.id, made: (await mine()).filter((each) => !before.includes(each)) };
  await client.videos.delete(once.id);
  const keyed = { headers: { "Idempotency-Key": "story-1" } };
  const one = await client.videos.create({ prompt: "by key" }, keyed);
  const other = await client.videos.create({ prompt: "by key" }, keyed);
  told.keyed = [one.id, other.id];
  await client.videos.delete(one.id);
  told.key_reused = await refused(() => client.videos.create({ prompt: "another" }, keyed));
}

async function neighbours() {
  told.models = [];
  for await (const each of client.models.list()) told.models.push(each.id);
  told.model = await client.models.retrieve("sora-2");
  told.model_unknown = await refused(() => client.models.retrieve("dall-e-9"));
  told.moderation = await client.moderations.create({ input: ["a fox", task.blocked_text] });
}

async function hearing() {
  const body = { name: "story", url: task.receiver, event_types: ["video.completed", "video.failed"] };
  const { signing_secret, ...endpoint } = await client.post("/webhook_endpoints", { body });
  told.endpoint = endpoint;
  const video = await polled(client.videos.create({ prompt: "tell me" }));
  told.heard_of = video.id;
  told.heard = [];
  for (const delivery of await received(video.id)) {
    const text = Buffer.from(delivery.body, "base64").toString();
    const event = await client.webhooks.unwrap(text, delivery.headers, signing_secret);
    told.heard.push({ type: event.type, id: event.data.id, object: event.object, event: event.id });
    told.forged = await client.webhooks.unwrap(`${text} `, delivery.headers, signing_secret).then(
      () => true,
      () => false,
    );
  }
}

async function received(id) {
  for (let look = 0; look < 100; look += 1) {
    const all = await (await fetch(task.receiver)).json();
    const found = all.filter((each) => Buffer.from(each.body, "base64").includes(id));
    if (found.length) return found;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  return [];
}

await making();
await downloading(told.made.id);
await buildingOn(told.made.id);
await referring();
await uploading();
await listing();
await deleting();
await failing(told.made.id);
await retrying();
await neighbours();
await hearing();
console.log(JSON.stringify(told));
