// Rollouts: a card for each policy whose values are on their way or have failed; the others in a list.

import { el, keyed } from "./dom.js";
import { activityGlyph, standingGlyph, tunnelGlyph } from "./glyphs.js";
import { ago, attentionOfStanding, PHASES, STANDINGS, STANDING_WORDS } from "./words.js";

const MOST_CELLS = 120;
const PHASE_GLYPH = { Canary: "Changing", Wave: "Changing", Rekey: "Confirming", Paused: "Held", Failed: "Undone", Provisional: "Provisional", Invalid: "Stalled" };

export const isMoving = (policy) => policy.phase !== "AtRest";

export function showRollouts(root, policies) {
  const cards = policies.filter(isMoving);
  root.hidden = cards.length === 0;
  keyed(root.querySelector(".rollouts"), cards, (policy) => policy.id, () => el("article", {}), update);
}

function update(card, policy) {
  const members = policy.members ?? [];
  const counts = STANDINGS.map((standing) => [standing, members.filter((member) => member.standing === standing).length]).filter(([, count]) => count);
  // After a failure nobody waits any more.
  const word = (standing) => (standing === "Behind" && policy.phase === "Failed" ? "keep the values from before" : STANDING_WORDS[standing]);
  const told = counts.map(([standing, count]) => `${count} ${word(standing)}`).join(" · ");
  card.className = `rollout ${policy.attention}`;
  card.replaceChildren(
    el("h3", {}, policy.name, el("span", { class: "subscription" }, policy.namespace)),
    el("p", { class: `phase word ${policy.attention}` }, activityGlyph(PHASE_GLYPH[policy.phase]) ?? "", phaseWords(policy),
      el("time", { "data-since": policy.since, class: "since" }, ago(policy.since))),
    members.length ? progress(members, counts, told, word) : "",
    members.length ? el("ul", { class: "standings" }, counts.map(([standing, count]) =>
      el("li", { class: `word ${attentionOfStanding(standing)}` }, standingGlyph(standing), `${count} ${word(standing)}`))) : "",
    el("p", { class: "values" }, policy.values),
    el("p", { class: "message" }, policy.message),
  );
}

function phaseWords(policy) {
  if (policy.phase === "Canary") {
    const canary = (policy.members ?? []).find((member) => member.standing === "Moving" || member.standing === "Next");
    return canary ? `Canary: ${canary.link.split("/")[1]}` : "Canary";
  }
  return policy.phase === "Wave" ? `Waves: up to ${policy.size} at a time` : PHASES[policy.phase];
}

function progress(members, counts, told, word) {
  const label = { role: "img", "aria-label": told };
  if (members.length > MOST_CELLS) {
    return el("div", { class: "shares", ...label }, counts.map(([standing, count]) => {
      const share = el("span", { class: `share ${standing} ${attentionOfStanding(standing)}` }, standingGlyph(standing));
      share.style.flexGrow = count;
      return share;
    }));
  }
  const ordered = [...members].sort((a, b) => STANDINGS.indexOf(a.standing) - STANDINGS.indexOf(b.standing));
  return el("div", { class: "cells", ...label }, ordered.map((member) =>
    el("span", { class: `cell ${member.standing} ${attentionOfStanding(member.standing)}`, title: `${member.link}: ${word(member.standing)}` }, standingGlyph(member.standing))));
}

export function showPolicies(root, policies) {
  const calm = policies.filter((policy) => !isMoving(policy));
  root.hidden = calm.length === 0;
  const [summary, list] = root.children;
  summary.textContent = `${calm.length} polic${calm.length === 1 ? "y" : "ies"} at rest`;
  keyed(list, calm, (policy) => policy.id, () => el("li", {}), (item, policy) => item.replaceChildren(
    tunnelGlyph("Up"), el("b", {}, policy.name), el("span", { class: "subscription" }, policy.namespace),
    el("span", {}, `${policy.updated} of ${policy.connections} hold it`), el("span", { class: "values" }, policy.values),
    policy.strength ? el("span", { class: "values" }, `strength ${policy.strength}`) : "",
  ));
}
