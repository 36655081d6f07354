// Makes elements whose words are always words: nothing here, or anywhere in the console, parses markup.
import { t } from "./words.js";

export function element(name, facts = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(facts)) {
    if (key === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (key === "class") made.className = value;
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined).map((c) => c instanceof Node ? c : String(c)));
  return made;
}

export function drawn(name, facts = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, String(value));
  made.append(...children.map((child) => child instanceof Node ? child : String(child)));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function fill(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

export function facts(pairs) {
  const list = element("dl");
  for (const [name, value] of pairs) list.append(element("dt", {}, name), element("dd", {}, value));
  return list;
}

export function left(seconds) {
  const size = Math.abs(seconds);
  const said = size < 5400 ? t`${Math.round(size / 60)} min` : size < 172800 ? t`${Math.round(size / 3600)} h` : t`${Math.round(size / 86400)} days`;
  return seconds < 0 ? t`${said} late` : t`${said} left`;
}
