// Makes elements from text only: nothing a person wrote is ever parsed as HTML.
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export const button = (label, act, className = "") => element("button", { type: "button", textContent: label, onclick: act, className });
