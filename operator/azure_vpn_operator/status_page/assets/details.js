// What there is to know of one link, beside the map.

import { el } from "./dom.js";
import { activityGlyph, tunnelGlyph } from "./glyphs.js";
import { ago, clock, ends, nameOf, stateWords } from "./words.js";

export class Details {
  constructor(root) {
    this.root = root;
    root.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    root.addEventListener("click", (event) => event.target.closest(".close") && this.close());
  }

  get isOpen() {
    return !this.root.hidden;
  }

  /** Open with the focus on the title; it goes back to where it was, or to what shows the same link by then. */
  open(link, gateways) {
    this.link = link;
    this.opener = document.activeElement;
    this.render(link, gateways);
    this.root.hidden = false;
    document.body.classList.add("with-details");
    this.root.querySelector("h2").focus();
  }

  close() {
    if (!this.isOpen) return;
    const within = this.root.contains(document.activeElement) || document.activeElement === document.body;
    this.root.hidden = true;
    document.body.classList.remove("with-details");
    if (within) {
      const same = document.querySelectorAll(`main [data-link="${CSS.escape(this.link.id)}"]`);
      [this.opener, ...same].find((node) => node?.isConnected && node.offsetParent !== null)?.focus();
    }
    this.link = null;
  }

  /** Show what has become of the link. */
  refresh(links, gateways) {
    if (!this.isOpen) return;
    const link = links.find((item) => item.id === this.link.id);
    if (link === undefined) this.gone();
    else if (JSON.stringify(link) !== JSON.stringify(this.link)) this.render(link, gateways);
    this.link = link ?? this.link;
  }

  gone() {
    if (!this.root.querySelector(".gone")) this.root.querySelector("h2").after(el("p", { class: "gone" }, "This object is gone."));
  }

  render(link, gateways) {
    const focused = this.root.contains(document.activeElement);
    const [own, peer] = ends(link, gateways);
    this.root.replaceChildren(
      el("button", { type: "button", class: "close", "aria-label": "Close" }, "×"),
      el("h2", { id: "details-title", tabindex: "-1" }, nameOf(link)),
      el("p", { class: "route" }, `${own} ${link.peer ? "⇄" : "→"} ${peer}`),
      el("p", { class: `word state ${link.attention}` }, tunnelGlyph(link.tunnel), stateWords(link), " ", activityGlyph(link.activity) ?? "",
        el("time", { "data-since": link.since, class: "since" }, ago(link.since))),
      el("section", { class: "why-box" }, el("h3", {}, link.attention === "Problem" ? "Why" : "What is said"), el("p", { class: "reason" }, link.reason), el("p", { class: "message" }, link.message)),
      link.unseen ? el("p", { class: "hint" }, "The object has been edited, and the operator has not looked at that yet.") : "",
      link.observed ? el("p", { class: "hint" }, "Only watched: the operator never writes this connection.") : "",
      el("dl", {}, facts(link)),
      ...(link.halves ?? []).map((half) => halfBox(half, (link.halves ?? []).length > 1)),
      el("h3", {}, "Look closer"),
      ...link.objects.map((name) => el("code", { class: "command" }, `kubectl -n ${link.namespace} describe vpnconn ${name}`)),
    );
    if (focused) this.root.querySelector("h2").focus();
  }
}

function facts(link) {
  const said = (words) => (words ? `${words.status} (${words.reason}), since ${clock(words.since)}${words.message ? `: ${words.message}` : ""}` : "not told");
  const rows = [["Namespace", link.namespace], ["Policy", link.policy], ["Ready", said(link.ready)], ["Connected", said(link.connected)]];
  if (link.differences) rows.push(["Differences", `${link.differences} between the object and Azure`]);
  return rows.flatMap(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]);
}

function halfBox(half, several) {
  const tunnels = half.tunnels ?? [];
  return el("section", { class: "half" },
    el("h3", {}, several ? `Half ${half.azureName}` : half.azureName),
    el("p", {}, [half.gateway ? `on ${half.gateway}` : "", half.status ? `Azure says ${half.status}` : "Azure has not told its state"].filter(Boolean).join(", ")),
    tunnels.length ? el("ul", { class: "tunnels" }, tunnels.map((tunnel) => el("li", {}, tunnelGlyph(tunnel.up ? "Up" : "Down"),
      el("span", { class: "tunnel-name" }, tunnel.name || "tunnel"), el("span", {}, `${tunnel.status}${tunnel.since ? `, established ${clock(tunnel.since)}` : ""}`)))) : "",
    half.id ? el("p", { class: "id" }, half.id) : "");
}
