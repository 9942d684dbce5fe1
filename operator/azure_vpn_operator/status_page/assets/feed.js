// Keeps the map up to date: one request waits at the operator until there is another map. A page that nobody sees asks nothing.

const AGAIN_SECONDS = 3;
const PATIENCE_MS = 40_000;

export function follow(onMap, onState) {
  let etag = "";
  let running = false;

  async function ask() {
    const stop = new AbortController();
    const late = setTimeout(() => stop.abort(), PATIENCE_MS);
    const leave = () => document.hidden && stop.abort();
    document.addEventListener("visibilitychange", leave);
    try {
      const headers = etag ? { "If-None-Match": etag } : {};
      const answer = await fetch(etag ? "map.json?wait" : "map.json", { headers, cache: "no-store", signal: stop.signal });
      if (answer.status === 503) {
        onState("full");
        return Number(answer.headers.get("Retry-After")) || AGAIN_SECONDS;
      }
      if (answer.status !== 200 && answer.status !== 304) throw new Error(`status ${answer.status}`);
      if (answer.status === 200) {
        const map = await answer.json();
        etag = answer.headers.get("ETag") ?? "";
        onMap(map);
      }
      onState("live");
      return 0;
    } catch {
      if (!document.hidden) onState("lost");
      return AGAIN_SECONDS;
    } finally {
      clearTimeout(late);
      document.removeEventListener("visibilitychange", leave);
    }
  }

  async function run() {
    if (running) return;
    running = true;
    while (!document.hidden) {
      const pause = await ask();
      if (pause) await new Promise((done) => setTimeout(done, pause * 1000));
    }
    running = false;
    onState("asleep");
  }

  document.addEventListener("visibilitychange", () => document.hidden || run());
  run();
}
