// Puts the parts together: the map that came last, what is to be seen of it, and who has the focus.

import { Details } from "./details.js";
import { byId, el, keyed, setText } from "./dom.js";
import { follow } from "./feed.js";
import { Filter } from "./filter.js";
import { activityGlyph, attentionGlyph, tunnelGlyph } from "./glyphs.js";
import { roam } from "./keys.js";
import { FleetMap } from "./map.js";
import { showPolicies, showRollouts } from "./rollouts.js";
import { Table } from "./table.js";
import { ago, ATTENTION_HELP, ATTENTION_WORDS, ATTENTIONS, clock, ends, nameOf, rank, stateWords } from "./words.js";

const MOST_ALERTS = 6;
const filter = new Filter();
const map = new FleetMap(byId("map"));
const table = new Table(byId("table"));
const details = new Details(byId("details"));
const settle = roam(byId("map"), () => details.close());
let now = { facts: null, gateways: new Map(), links: [], policies: [] };
let view = "map";
let state = "";
let changedAt = null;

// ---- what came

/** Keep the objects of what has not changed, so that nothing is drawn anew for them. */
function keep(before, after, keyOf) {
  const known = new Map(before.map((item) => [keyOf(item), item]));
  return after.map((item) => {
    const old = known.get(keyOf(item));
    return old !== undefined && JSON.stringify(old) === JSON.stringify(item) ? old : item;
  });
}

function take(next) {
  const first = now.facts === null;
  const links = keep(now.links, next.links, (link) => link.id);
  const gateways = new Map(next.gateways.map((gateway) => [gateway.id, gateway]));
  if (!first) tell(now.links, links);
  now = { facts: next.facts, gateways, links, policies: keep(now.policies, next.policies, (policy) => policy.id) };
  changedAt = new Date();
  show();
}

/** For those who do not see the page: what has become of which link. */
function tell(before, after) {
  const known = new Map(before.map((link) => [link.id, link]));
  const news = after.filter((link) => known.get(link.id)?.tunnel !== link.tunnel || known.get(link.id)?.attention !== link.attention);
  const words = news.slice(0, 3).map((link) => `${nameOf(link)}: ${stateWords(link)}`);
  if (words.length) setText(byId("news"), `${words.join(". ")}${news.length > 3 ? `. And ${news.length - 3} more.` : "."}`);
}

// ---- what is shown

function show() {
  const { facts, gateways, links, policies } = now;
  if (facts === null) return;
  const found = links.filter((link) => filter.finds(link, gateways));
  const shown = links.filter((link) => filter.shows(link, gateways));
  showHead(facts);
  showNotice(facts);
  showNamespaces(links, policies);
  showCounts(found);
  const mine = policies.filter((policy) => !filter.namespace || policy.namespace === filter.namespace);
  showAlerts(found);
  showRollouts(byId("rollouts"), mine);
  byId("map").hidden = view !== "map";
  byId("map-help").hidden = view !== "map";
  byId("table").hidden = view !== "table";
  if (view === "map") map.show(shown, gateways, filter.isOn);
  else table.show(shown, gateways);
  showPolicies(byId("policies"), mine);
  showEmpty(shown.length, links.length, facts);
  details.refresh(links, gateways);
  settle();
}

function showHead(facts) {
  setText(byId("installation"), facts.installation);
  byId("installation").title = `Installation ${facts.installation}, version ${facts.version}`;
  const replica = byId("replica");
  replica.hidden = facts.leads;
  setText(replica, "This replica stands by: it shows what the leading one has written to the objects");
  const problems = now.links.filter((link) => link.attention === "Problem").length + now.policies.filter((policy) => policy.attention === "Problem").length;
  document.title = problems ? `(${problems}) VPN map` : "VPN map";
}

function showNotice(facts) {
  const words = [];
  if (state === "lost") words.push(`The operator cannot be reached. This is from ${clock(changedAt)}; trying again.`);
  if (state === "full") words.push("As many people look at this page as may at a time; trying again.");
  if (!facts.complete) words.push("The operator is starting: not all objects have been listed yet.");
  if (facts.haltedUntil) words.push(`Too many changes did not bring their tunnels back, so no more tunnels are taken down. One change is tried from ${clock(facts.haltedUntil)}.`);
  byId("notice").hidden = words.length === 0;
  setText(byId("notice"), words.join(" "));
}

function showLive(next) {
  state = next;
  const live = byId("live");
  live.dataset.state = next;
  setText(live, { live: "Live", lost: "Not connected", full: "Waiting for a place", asleep: "Asleep" }[next]);
  live.title = changedAt ? `Last change at ${clock(changedAt)}` : "";
  if (now.facts) showNotice(now.facts);
}

function showNamespaces(links, policies) {
  const names = [...new Set([...links, ...policies].map((item) => item.namespace))].sort();
  byId("namespaces").hidden = names.length < 2;
  const select = byId("namespace");
  keyed(select, ["", ...names], (name) => name, (name) => el("option", { value: name }, name || "All namespaces"));
  select.value = filter.namespace;
}

function showCounts(found) {
  keyed(byId("counts"), ATTENTIONS, (attention) => attention, (attention) => {
    const button = el("button", { type: "button", class: `counter ${attention}`, title: ATTENTION_HELP[attention] },
      attentionGlyph(attention), el("b", {}), el("span", {}, ATTENTION_WORDS[attention]));
    button.addEventListener("click", () => {
      if (!filter.attentions.delete(attention)) filter.attentions.add(attention);
      show();
    });
    return button;
  });
  for (const button of byId("counts").children) {
    const attention = ATTENTIONS.find((name) => button.classList.contains(name));
    const count = found.filter((link) => link.attention === attention).length;
    setText(button.querySelector("b"), String(count));
    button.classList.toggle("none", count === 0);
    button.setAttribute("aria-pressed", String(filter.attentions.has(attention)));
  }
}

function showAlerts(found) {
  const problems = found.filter((link) => link.attention === "Problem")
    .sort((a, b) => rank(a) - rank(b) || String(b.since).localeCompare(String(a.since)) || a.id.localeCompare(b.id));
  byId("attention").hidden = problems.length === 0;
  keyed(byId("attention-list"), problems.slice(0, MOST_ALERTS), (link) => link.id,
    (link) => el("li", {}, el("button", { type: "button", class: "alert", "data-link": link.id })), updateAlert);
  const more = problems.length - MOST_ALERTS;
  byId("attention-more").hidden = more <= 0;
  setText(byId("attention-more"), more > 0 ? `And ${more} more: show only problems` : "");
}

function updateAlert(item, link) {
  const [own, peer] = ends(link, now.gateways);
  item.firstChild.replaceChildren(
    tunnelGlyph(link.tunnel),
    el("span", { class: "who" }, el("b", {}, nameOf(link)), " ", el("span", { class: "route" }, `${own} ${link.peer ? "⇄" : "→"} ${peer}`)),
    el("span", { class: "word Problem" }, activityGlyph(link.activity) ?? "", stateWords(link), " ", el("time", { "data-since": link.since, class: "since" }, ago(link.since))),
    el("span", { class: "message" }, el("b", {}, link.reason), " ", link.message),
  );
}

function showEmpty(shown, all, facts) {
  byId("empty").hidden = shown > 0;
  setText(byId("empty"), all ? "Nothing fits what you look for." : facts.complete ? "There are no VpnConnections yet." : "");
}

function showLegend() {
  const entries = [
    [tunnelGlyph("Up"), "up"], [tunnelGlyph("Partly"), "partly up"], [tunnelGlyph("Down"), "down"], [tunnelGlyph("Absent"), "not in Azure"],
    [tunnelGlyph("Unknown"), "not known"], [activityGlyph("Changing"), "changing"], [activityGlyph("Confirming"), "proving itself"], [activityGlyph("Undone"), "undone"],
    [activityGlyph("Window"), "waits for window"], [activityGlyph("Rollout"), "waits for wave"], [activityGlyph("Stopped"), "rollout stopped"], [activityGlyph("Held"), "held"], [activityGlyph("Queued"), "waits its turn"], [activityGlyph("Stalled"), "needs you"],
  ];
  byId("legend").replaceChildren(...entries.map(([glyph, words]) => el("li", {}, glyph, words)));
}

// ---- what people do

function setView(next) {
  view = next;
  for (const name of ["map", "table"]) byId(`view-${name}`).setAttribute("aria-pressed", String(name === next));
  show();
}

function mark(id) {
  for (const node of document.querySelectorAll(".lit")) node.classList.remove("lit");
  if (!id) return;
  const name = CSS.escape(id);
  for (const node of document.querySelectorAll(`#map [data-wire="${name}"], #map .chip[data-link="${name}"]`)) node.classList.add("lit");
}

byId("attention-more").addEventListener("click", () => { filter.attentions = new Set(["Problem"]); show(); byId("map").querySelector(".chip")?.focus(); });
byId("view-map").addEventListener("click", () => setView("map"));
byId("view-table").addEventListener("click", () => setView("table"));
byId("search").addEventListener("input", (event) => { filter.text = event.target.value.trim(); show(); });
byId("namespace").addEventListener("change", (event) => { filter.namespace = event.target.value; show(); });
byId("main").addEventListener("click", (event) => {
  const id = event.target.closest("[data-link]")?.dataset.link;
  const link = id && now.links.find((item) => item.id === id);
  if (link) details.open(link, now.gateways);
});
for (const kind of ["focusin", "mouseover"]) byId("map").addEventListener(kind, (event) => mark(event.target.closest("[data-link]")?.dataset.link));
byId("map").addEventListener("mouseleave", () => mark(document.activeElement?.dataset?.link));
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "/" && !typing) {
    event.preventDefault();
    byId("search").focus();
  } else if (event.key === "Escape" && event.target === byId("search")) {
    byId("search").value = filter.text = "";
    show();
  } else if (event.key === "Escape" && !typing) details.close();
});
setInterval(() => {
  for (const node of document.querySelectorAll("time[data-since]")) setText(node, ago(node.dataset.since));
}, 5_000);

showLegend();
follow(take, showLive);
