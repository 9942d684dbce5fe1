// Makes and changes elements. Texts go in as text only: the page's policy (Trusted Types) lets nothing become HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

export const el = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
export const byId = (id) => document.getElementById(id);

/** Make the children of `parent` those of `items`, in order, keeping the elements of what was there before (and so the focus). */
export function keyed(parent, items, keyOf, make, update) {
  const known = parent.keyed ?? new Map();
  const next = new Map();
  let place = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    const entry = known.get(key) ?? { node: make(item), item: undefined };
    if (entry.item !== item) update?.(entry.node, item, entry.item);
    entry.item = item;
    next.set(key, entry);
    if (entry.node === place) place = place.nextSibling;
    else parent.insertBefore(entry.node, place);
  }
  for (const [key, entry] of known) if (!next.has(key)) entry.node.remove();
  parent.keyed = next;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
