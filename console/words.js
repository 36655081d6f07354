// The console's words in the reader's language. English stands where it is used, as t`words with ${values}`; `word` is for
// plain terms and `phrase` for sentences that the server makes. What people wrote passes through none of them.
import { FRENCH, PATTERNS, REFUSALS } from "./french.js";

export const language = navigator.language.startsWith("fr") ? "fr" : "en";

export function t(parts, ...values) {
  const said = language === "fr" ? FRENCH[parts.join("{}")]?.split("{}") ?? parts : parts;
  return said.reduce((words, part, index) => words + values[index - 1] + part);
}

export const word = (term) => (language === "fr" && FRENCH[term]) || term.replaceAll("_", " ");

// A sentence of the server: as a whole, by its pattern, or its parts between colons.
export function phrase(text) {
  if (language === "en" || !text) return text;
  if (FRENCH[text]) return FRENCH[text];
  for (const [pattern, said] of PATTERNS) {
    const found = pattern.exec(text);
    if (found) return said(phrase, ...found.slice(1));
  }
  return text.includes(": ") ? text.split(": ").map(phrase).join(" : ") : text;
}

export const refusal = (error) => (language === "fr" && REFUSALS[error.code]) || error.message;

// An entry of the handbook, title and text, in the reader's language.
export const titled = (entry) => (language === "fr" ? { title: entry.title_fr, text: entry.text_fr } : { title: entry.title, text: entry.text });

// What the page itself holds, before anything of anybody is in it.
export function translate(root) {
  document.documentElement.lang = language;
  if (language === "en") return;
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.data.trim();
    if (FRENCH[words]) texts.currentNode.data = texts.currentNode.data.replace(words, FRENCH[words]);
  }
  for (const named of root.querySelectorAll("[aria-label]")) named.setAttribute("aria-label", word(named.getAttribute("aria-label")));
}
