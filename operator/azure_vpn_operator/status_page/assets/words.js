// What states are called, in which order they come, and how times are told.

export const ATTENTIONS = ["Problem", "Changing", "Unknown", "Waiting", "Well"];
export const ATTENTION_WORDS = { Problem: "Problem", Changing: "Changing", Unknown: "Unknown", Waiting: "Waiting", Well: "Well" };
export const ATTENTION_HELP = {
  Problem: "Somebody should look", Changing: "The operator is at work", Unknown: "Azure has not told",
  Waiting: "Up, and something waits or is held", Well: "Up, and as it should be",
};

export const TUNNELS = { Up: "Up", Partly: "Partly up", Down: "Down", Absent: "Not in Azure", Unknown: "Not known" };

/** How bad a state is; the worst is 0. */
export const rank = (link) => ATTENTIONS.indexOf(link.attention) * 10 + ["Down", "Absent", "Partly", "Unknown", "Up"].indexOf(link.tunnel);

export const ACTIVITIES = {
  None: "", Stalled: "needs you", Failed: "change failed", Undone: "undone", Undoing: "being undone", Blocked: "blocked",
  Confirming: "proving itself", Changing: "changing", Deleting: "deleting", Queued: "waits its turn",
  Window: "waits for window", Rollout: "waits for wave", Stopped: "rollout stopped", Held: "held", Provisional: "on probation",
};

export const PHASES = {
  AtRest: "Rolled out", Canary: "Canary", Wave: "Wave", Rekey: "Canary waits for a rekey", Paused: "Paused",
  Failed: "Failed and stopped", Provisional: "On probation", Invalid: "Invalid",
};

export const STANDINGS = ["Done", "Provisional", "Moving", "Next", "Behind", "Undone", "Failed", "Skipped"];
export const STANDING_WORDS = {
  Done: "done", Provisional: "on probation", Moving: "changing", Next: "next", Behind: "wait", Undone: "undone",
  Failed: "failed", Skipped: "out of it",
};
const STANDING_ATTENTION = {
  Done: "Well", Provisional: "Well", Moving: "Changing", Next: "Waiting", Behind: "Waiting", Undone: "Problem",
  Failed: "Problem", Skipped: "Unknown",
};
export const attentionOfStanding = (standing) => STANDING_ATTENTION[standing];

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

/** How long ago, in one unit. */
export function ago(time, now = Date.now()) {
  if (!time) return "";
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  for (const [size, unit] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return "now";
}

export const clock = (time) => (time ? new Date(time).toLocaleString() : "");

/** What a link connects, in words. */
export function ends(link, gateways) {
  const own = gateways.get(link.gateway)?.name ?? "a gateway that is not named";
  return link.peer ? [own, gateways.get(link.peer)?.name ?? link.peer] : [own, link.site ?? "not named"];
}

export const nameOf = (link) => link.objects.join(" + ");

/** The state of a link in a few words; never colour alone. */
export function stateWords(link) {
  const tunnel = TUNNELS[link.tunnel];
  const activity = ACTIVITIES[link.activity];
  const count = link.total > 1 ? ` ${link.up}/${link.total}` : "";
  return activity ? `${tunnel}${count}, ${activity}` : `${tunnel}${count}`;
}
