// Shows the decision that the address names after its "#", and sends an appeal against it.
import { session } from "/api.js";

const id = location.hash.slice(1);
const NOT_YOURS = "This decision is not about you. · Cette décision ne vous concerne pas.";
const NO_DECISION = "Come here by the link in the notice that told you of the decision. · Venez par le lien de l’avis qui vous a annoncé la décision.";
const answer = document.getElementById("answer");
const headers = () => ({ Authorization: `Bearer ${session.get()?.token}`, "Content-Type": "application/json" });

async function show() {
  if (!session.get()) return;
  const got = await fetch("/v1/moderation/notices", { headers: headers() });
  const notices = got.ok ? (await got.json()).data : [];
  const notice = notices.find((each) => each.id === id);
  const told = id ? NOT_YOURS : NO_DECISION;
  document.getElementById("told").textContent = notice ? notice.text : told;
  document.getElementById("appeal").hidden = !notice || notice.appeal_until === null || notice.appeal_id !== null;
}

document.getElementById("appeal").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = JSON.stringify({ notice_id: id, text: document.getElementById("text").value });
  const sent = await fetch("/v1/moderation/appeals", { method: "POST", headers: headers(), body });
  const said = await sent.json().catch(() => ({}));
  answer.textContent = sent.ok ? `${said.id}: ${new Date(said.due_at * 1000).toLocaleDateString()}` : said.error?.message;
  if (sent.ok) document.getElementById("appeal").hidden = true;
});

show();
