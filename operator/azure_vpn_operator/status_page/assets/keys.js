// The map is one stop of the Tab key; the arrow keys move in it.

const MOVES = { ArrowLeft: -1, ArrowRight: 1 };

export function roam(root, onEscape) {
  const stops = () => [...root.querySelectorAll("button")].filter((button) => button.offsetParent !== null);

  function settle() {
    const all = stops();
    const current = all.find((button) => button.tabIndex === 0) ?? all[0];
    for (const button of all) button.tabIndex = button === current ? 0 : -1;
  }

  function go(button) {
    if (!button) return;
    for (const other of root.querySelectorAll('button[tabindex="0"]')) other.tabIndex = -1;
    button.tabIndex = 0;
    button.focus();
    button.scrollIntoView({ block: "nearest" });
  }

  root.addEventListener("focusin", (event) => {
    const button = event.target.closest("button");
    if (button && button.tabIndex !== 0) go(button);
  });
  root.addEventListener("keydown", (event) => {
    const all = stops();
    const place = all.indexOf(document.activeElement);
    if (place < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") return onEscape();
    let next;
    if (event.key in MOVES) next = all[place + MOVES[event.key]];
    else if (event.key === "Home") next = all[0];
    else if (event.key === "End") next = all[all.length - 1];
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") next = across(all, all[place], event.key === "ArrowDown");
    else return undefined;
    event.preventDefault();
    return go(next);
  });
  return settle;
}

/** The nearest one in the next line up or down. */
function across(all, from, down) {
  const box = from.getBoundingClientRect();
  let best;
  let least = Infinity;
  for (const button of all) {
    const other = button.getBoundingClientRect();
    const away = down ? other.top - box.bottom : box.top - other.bottom;
    if (away < -2) continue;
    const far = away * 4 + Math.abs(other.left - box.left);
    if (far < least) [best, least] = [button, far];
  }
  return best;
}
