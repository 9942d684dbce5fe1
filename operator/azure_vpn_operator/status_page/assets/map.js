// The map: resource groups with their gateways, each with its links; wires to sites, and arcs between the gateways of a pair.

import { el, keyed, setText } from "./dom.js";
import { makeChip, updateChip } from "./chips.js";
import { gatewayGlyph, tunnelGlyph } from "./glyphs.js";
import { drawWires } from "./wires.js";
import { ATTENTIONS, nameOf } from "./words.js";

const ROOMY = 40;
const CROWDED = 400;
const byName = new Intl.Collator("en", { numeric: true });
const NOWHERE = { id: "", name: "No gateway known", resourceGroup: "", subscription: "" };

export class FleetMap {
  opened = new Set();

  constructor(root) {
    this.root = root;
    new ResizeObserver(() => this.wire()).observe(root);
    root.addEventListener("click", (event) => {
      const fold = event.target.closest("[data-fold]");
      if (!fold) return;
      const id = fold.dataset.fold;
      if (!this.opened.delete(id)) this.opened.add(id);
      this.show(this.links, this.gateways, this.narrowed);
    });
  }

  /** `narrowed`: a filter is on, so what passes it is shown in full. */
  show(links, gateways, narrowed) {
    Object.assign(this, { links, gateways, narrowed });
    const density = links.length <= ROOMY ? "roomy" : links.length <= CROWDED || narrowed ? "dense" : "crowded";
    this.root.dataset.density = links.length > CROWDED ? "crowded" : density;
    this.folds = density === "crowded";
    const groups = groupLinks(links, gateways);
    this.severalSubscriptions = new Set(groups.map((group) => group.subscription)).size > 1;
    keyed(this.root, groups, (group) => group.id, () => this.makeGroup(), (node, group) => this.updateGroup(node, group));
    this.wire();
  }

  wire() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.links && drawWires(this.root, this.links));
  }

  makeGroup() {
    return el("section", { class: "group" }, el("h2", {}), el("div", { class: "rows" }));
  }

  updateGroup(node, group) {
    const [title, rows] = node.children;
    title.replaceChildren(
      el("span", { class: "group-name" }, group.name || "Elsewhere"),
      this.severalSubscriptions && group.subscription ? el("span", { class: "subscription" }, `subscription ${group.subscription}`) : "",
      el("span", { class: "tally" }, `${group.gateways.length} gateway${group.gateways.length === 1 ? "" : "s"}`),
    );
    keyed(rows, group.gateways, (row) => row.gateway.id, () => this.makeRow(), (place, row) => this.updateRow(place, row));
  }

  makeRow() {
    return el("div", { class: "row" }, el("div", { class: "gateway" }, gatewayGlyph(), el("h3", {}), el("p", { class: "sum" })), el("ul", { class: "links" }), el("div", { class: "rest" }));
  }

  updateRow(node, { gateway, links }) {
    const [box, list, rest] = node.children;
    const worst = ATTENTIONS.find((attention) => links.some((link) => link.attention === attention)) ?? "Well";
    node.dataset.gateway = gateway.id;
    box.className = `gateway ${worst}`;
    setText(box.children[1], gateway.name);
    box.children[2].replaceChildren(...tally(links));
    const folded = this.folds && !this.opened.has(gateway.id);
    const shown = folded ? links.filter((link) => link.attention !== "Well") : links;
    keyed(list, shown, (link) => link.id, (link) => el("li", {}, makeChip(link)),
      (item, link) => updateChip(item.firstChild, link, this.gateways, gateway.id));
    const quiet = links.filter((link) => link.attention === "Well");
    rest.replaceChildren(...(this.folds && quiet.length ? [this.makeFold(gateway, quiet, folded)] : []));
  }

  makeFold(gateway, quiet, folded) {
    const text = folded ? `${quiet.length} up` : "Fold";
    return el("button", { type: "button", class: "fold", "data-fold": gateway.id, tabindex: "-1", "aria-expanded": String(!folded),
      "aria-label": folded ? `Show the ${quiet.length} links of ${gateway.name} that are up` : `Fold the links of ${gateway.name} that are up` },
      tunnelGlyph("Up"), text);
  }
}

function tally(links) {
  const found = ATTENTIONS.map((attention) => [attention, links.filter((link) => link.attention === attention).length]).filter(([, count]) => count);
  if (found.length === 1 && found[0][0] === "Well") return [`${links.length} link${links.length === 1 ? "" : "s"}, all up`];
  return found.flatMap(([attention, count], number) => [number ? ", " : "", el("span", { class: `word ${attention}` }, `${count} ${attention.toLowerCase()}`)]);
}

function groupLinks(links, gateways) {
  const rows = new Map();
  const put = (id, link) => {
    const gateway = gateways.get(id) ?? { ...NOWHERE, id: `nowhere/${link.namespace}`, resourceGroup: "" };
    if (!rows.has(gateway.id)) rows.set(gateway.id, { gateway, links: [] });
    rows.get(gateway.id).links.push(link);
  };
  for (const link of links) {
    put(link.gateway, link);
    if (link.peer && link.peer !== link.gateway) put(link.peer, link);
  }
  const order = new Map([...gateways.keys()].map((id, number) => [id, number]));
  const groups = new Map();
  for (const row of [...rows.values()].sort((a, b) => (order.get(a.gateway.id) ?? 1e9) - (order.get(b.gateway.id) ?? 1e9))) {
    // Pairs come first: their chips are nearest to their arcs.
    row.links.sort((a, b) => Number(Boolean(b.peer)) - Number(Boolean(a.peer)) || byName.compare(nameOf(a), nameOf(b)));
    const { subscription, resourceGroup } = row.gateway;
    const id = `${subscription}/${resourceGroup}`.toLowerCase();
    if (!groups.has(id)) groups.set(id, { id, name: resourceGroup, subscription, gateways: [] });
    groups.get(id).gateways.push(row);
  }
  return [...groups.values()];
}
