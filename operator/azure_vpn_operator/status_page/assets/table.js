// The same as a table: for those who would rather read, and for screen readers.

import { el, keyed } from "./dom.js";
import { tunnelGlyph } from "./glyphs.js";
import { ago, ends, nameOf, rank, stateWords } from "./words.js";

const COLUMNS = [
  ["State", rank], ["Connection", nameOf], ["Namespace", (link) => link.namespace],
  ["Gateway", (link, gateways) => ends(link, gateways)[0]], ["Peer", (link, gateways) => ends(link, gateways)[1]],
  ["Policy", (link) => link.policy], ["Reason", (link) => link.reason], ["Since", (link) => -Date.parse(link.since ?? 0)],
];

const byText = new Intl.Collator("en", { numeric: true });

export class Table {
  column = 0;
  down = false;

  constructor(root) {
    this.root = root;
    this.heads = COLUMNS.map(([name], number) => {
      const button = el("button", { type: "button" }, name);
      button.addEventListener("click", () => {
        this.down = this.column === number && !this.down;
        this.column = number;
        this.show(this.links, this.gateways);
      });
      return el("th", { scope: "col" }, button);
    });
    this.body = el("tbody", {});
    this.caption = el("caption", {});
    root.append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of all links" },
      el("table", {}, this.caption, el("thead", {}, el("tr", {}, this.heads)), this.body)));
  }

  show(links, gateways) {
    Object.assign(this, { links, gateways });
    const by = COLUMNS[this.column][1];
    const sign = this.down ? -1 : 1;
    const order = (a, b) => (typeof a === "number" ? a - b : byText.compare(a, b));
    const rows = [...links].sort((a, b) => sign * order(by(a, gateways), by(b, gateways)) || byText.compare(nameOf(a), nameOf(b)));
    this.heads.forEach((head, number) => head.setAttribute("aria-sort", number !== this.column ? "none" : this.down ? "descending" : "ascending"));
    this.caption.textContent = `${links.length} link${links.length === 1 ? "" : "s"}; a pair is one`;
    keyed(this.body, rows, (link) => link.id, () => el("tr", {}), (row, link) => this.update(row, link));
  }

  update(row, link) {
    const [own, peer] = ends(link, this.gateways);
    row.className = link.attention;
    row.replaceChildren(
      el("td", { class: `word ${link.attention}` }, tunnelGlyph(link.tunnel), stateWords(link)),
      el("th", { scope: "row" }, el("button", { type: "button", class: "open", "data-link": link.id }, nameOf(link))),
      el("td", {}, link.namespace), el("td", {}, own), el("td", {}, link.peer ? `${peer} (gateway)` : peer),
      el("td", {}, link.policy), el("td", { title: link.message }, link.reason),
      el("td", {}, el("time", { "data-since": link.since, class: "since" }, ago(link.since))),
    );
  }
}
