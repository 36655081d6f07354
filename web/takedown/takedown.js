// Sends a notice for somebody without an account, and says by when it will be decided.
const form = document.getElementById("notice");
const answer = document.getElementById("answer");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  const body = JSON.stringify({ ...given, good_faith: document.getElementById("good_faith").checked });
  const sent = await fetch("/v1/notices", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const said = await sent.json().catch(() => ({}));
  if (!sent.ok) {
    answer.textContent = said.error?.message ?? `${sent.status}`;
    return;
  }
  const due = new Date(said.due_at * 1000).toLocaleString();
  answer.textContent = `Received as ${said.id}; a person decides by ${due} (${said.law}). · Reçu sous ${said.id} ; une personne décide d’ici au ${due}.`;
  form.reset();
});
