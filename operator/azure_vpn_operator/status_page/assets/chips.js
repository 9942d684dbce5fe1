// A link as a button: what it leads to, its state as shape and word, and why, if there is something to say.

import { el } from "./dom.js";
import { activityGlyph, gatewayGlyph, tunnelGlyph } from "./glyphs.js";
import { ago, ends, nameOf, stateWords } from "./words.js";

/** `seen` is the gateway in whose row the chip is: a pair leads from there to the other one. */
export function makeChip(link) {
  return el("button", { type: "button", class: "chip", "data-link": link.id, tabindex: "-1" });
}

export function updateChip(chip, link, gateways, seen) {
  const [own, peer] = ends(link, gateways);
  const far = link.peer && seen === link.peer ? own : peer;
  const quiet = link.attention === "Well";
  const words = stateWords(link);
  chip.className = `chip ${link.attention} tunnel-${link.tunnel} ${link.peer ? "pair" : "site"} ${quiet ? "quiet" : "loud"}`;
  chip.setAttribute("aria-label", `${nameOf(link)}: ${link.peer ? "pair with gateway" : "to"} ${far}, ${words}${quiet ? "" : `, ${link.reason}`}`);
  chip.title = `${nameOf(link)} (${link.namespace})\n${words}${link.reason ? ` · ${link.reason}` : ""}`;
  const count = link.total > 1 ? el("span", { class: "count" }, `${link.up}/${link.total}`) : null;
  chip.replaceChildren(
    tunnelGlyph(link.tunnel),
    el("span", { class: "far" }, link.peer ? gatewayGlyph() : null, far),
    count ?? "",
    el("span", { class: "object" }, nameOf(link)),
    quiet ? activityGlyph(link.activity) ?? "" : el("span", { class: "why" }, activityGlyph(link.activity), words, " ", el("time", { "data-since": link.since, class: "since" }, ago(link.since))),
  );
}
