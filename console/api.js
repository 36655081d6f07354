// Speaks to the API of this very origin. The token lives in this module only: no cookie, no storage, nothing to forge.
const IDLE_MS = 15 * 60 * 1000;
let token = null;
let idle = null;
let onIdle = () => {};

export class ApiError extends Error {
  constructor(status, error) {
    super(error.message);
    this.status = status;
    this.code = error.code;
  }
}

export const session = {
  open(value, forgotten) {
    token = value;
    onIdle = forgotten;
    session.touch();
  },
  close() {
    token = null;
    clearTimeout(idle);
  },
  touch() {
    if (token === null) return;
    clearTimeout(idle);
    idle = setTimeout(() => { session.close(); onIdle(); }, IDLE_MS);
  },
  isOpen: () => token !== null,
};

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${token}` };
  if (method === "POST") {
    headers["Content-Type"] = "application/json";
    headers["Idempotency-Key"] = crypto.randomUUID();
  }
  const answer = await fetch(path, {
    method, headers, credentials: "omit", body: method === "POST" ? JSON.stringify(body ?? {}) : undefined,
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new ApiError(answer.status, said.error ?? { message: `${answer.status}`, code: null });
  return said;
}

const of = (id, verb) => `/v1/moderation/cases/${encodeURIComponent(id)}${verb ? `/${verb}` : ""}`;

export const api = {
  queue: (harm, after) => {
    const asked = new URLSearchParams({ limit: "50" });
    if (harm) asked.set("harm", harm);
    if (after) asked.set("after", after);
    return call("GET", `/v1/moderation/queue?${asked}`);
  },
  next: (harm) => call("POST", "/v1/moderation/queue/next", harm ? { harm } : {}),
  open: (id) => call("GET", of(id)),
  act: (id, verb, body) => call("POST", of(id, verb), body),
  many: (ids, decision, preview) => call("POST", "/v1/moderation/decisions", { case_ids: ids, ...decision, preview }),
  link: (id, variant) => call("GET", `${of(id, "link")}?variant=${variant}&reason=console`),
  shift: () => call("GET", "/v1/moderation/shift"),
  handbook: () => call("GET", "/v1/moderation/handbook"),
  figures: () => call("GET", "/v1/moderation/figures"),
};
