// Speaks to the API as any client does. It keeps the token for this tab only and knows nothing of the page.
import { currentLanguage } from "./words.js";

const KEPT = "volary-session";

export class ApiError extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
  }
}

export const session = {
  get: () => JSON.parse(sessionStorage.getItem(KEPT) ?? "null"),
  keep: (value) => sessionStorage.setItem(KEPT, JSON.stringify(value)),
  forget: () => sessionStorage.removeItem(KEPT),
};

async function call(method, path, body) {
  const headers = { "Accept-Language": currentLanguage() };
  const kept = session.get();
  if (kept) headers.Authorization = `Bearer ${kept.token}`;
  if (method === "POST") headers["Idempotency-Key"] = crypto.randomUUID();
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, said.error ?? { message: `${answer.status}`, code: null });
  return said;
}

export const api = {
  people: () => call("GET", "/demo/people"),
  signInAs: (handle) => call("POST", "/demo/session", { handle }),
  me: () => call("GET", "/v1/me"),
  styles: () => call("GET", "/v1/styles"),
  create: (ask) => call("POST", "/v1/videos", ask),
  remix: (id, ask) => call("POST", `/v1/videos/${id}/remix`, ask),
  video: (id) => call("GET", `/v1/videos/${id}`),
  mine: () => call("GET", "/v1/videos?limit=20"),
  remove: (id) => call("DELETE", `/v1/videos/${id}`),
  post: (id) => call("POST", "/v1/posts", { video_id: id }),
  steering: () => call("GET", "/v1/feed/parameters"),
  steer: (text) => call("POST", "/v1/feed/instructions", { text }),
  dropWish: (place) => call("DELETE", `/v1/feed/parameters?place=${place}`),
  undoWish: () => call("POST", "/v1/feed/undo", {}),
  replaceWishes: (parameters) => call("PUT", "/v1/feed/parameters", parameters),
  shown: (ids) => call("POST", "/v1/feed/shown", { ids }),
  feed: (after) => call("GET", `/v1/feed?limit=12${after ? `&after=${encodeURIComponent(after)}` : ""}`),
};
