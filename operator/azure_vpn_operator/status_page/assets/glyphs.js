// Shapes. Each state has one of its own, so that nobody needs colours to tell them apart.

import { svg } from "./dom.js";

const line = { fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round" };
const knock = { ...line, stroke: "var(--card)", "stroke-width": 2 };

const TUNNEL = {
  // A disc with a tick.
  Up: () => [svg("circle", { cx: 8, cy: 8, r: 6.6, fill: "currentColor" }), svg("path", { d: "M5 8.3l2.1 2.2L11 6", ...knock })],
  // A diamond, half of it full.
  Partly: () => [svg("path", { d: "M8 1.2L14.8 8 8 14.8 1.2 8z", ...line }), svg("path", { d: "M8 1.2V14.8L1.2 8z", fill: "currentColor" })],
  // A square with a cross.
  Down: () => [svg("rect", { x: 1.4, y: 1.4, width: 13.2, height: 13.2, rx: 2, fill: "currentColor" }), svg("path", { d: "M5 5l6 6M11 5l-6 6", ...knock })],
  // An empty, broken square.
  Absent: () => [svg("rect", { x: 2, y: 2, width: 12, height: 12, rx: 2, ...line, "stroke-dasharray": "2.6 2.6" }), svg("path", { d: "M5.5 8h5", ...line })],
  // A ring with a question mark.
  Unknown: () => [svg("circle", { cx: 8, cy: 8, r: 6.4, ...line, "stroke-dasharray": "1.5 2.4" }),
    svg("path", { d: "M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.6.3-.8.6-.8 1.3", ...line }), svg("circle", { cx: 8, cy: 11.7, r: 0.9, fill: "currentColor" })],
};

const ACTIVITY = {
  Stalled: "M8 2L14.6 13.6H1.4zM8 6.2v3.6M8 11.8v.1", Failed: "M8 2L14.6 13.6H1.4zM8 6.2v3.6M8 11.8v.1",
  Undone: "M3 6h6.5a3.6 3.6 0 0 1 0 7.2H6M3 6l3-3M3 6l3 3", Undoing: "M3 6h6.5a3.6 3.6 0 0 1 0 7.2H6M3 6l3-3M3 6l3 3",
  Blocked: "M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8zM4 12L12 4",
  Confirming: "M4 1.8h8M4 14.2h8M4.6 2c0 3.5 3.4 4 3.4 6s-3.4 2.5-3.4 6M11.4 2c0 3.5-3.4 4-3.4 6s3.4 2.5 3.4 6",
  Changing: "M13.5 6A5.8 5.8 0 0 0 3 5M2.5 10A5.8 5.8 0 0 0 13 11M3 2v3h3M13 14v-3h-3",
  Deleting: "M3 4.500h10M6 4.500V2.500h4v2M4.5 4.500l.700 9h5.600l.700-9",
  Queued: "M3 8h.1M8 8h.1M13 8h.1", Window: "M8 1.800a6.2 6.2 0 1 0 0 12.400A6.2 6.2 0 0 0 8 1.800zM8 4.500V8l2.5 2",
  Rollout: "M2 13h3.500V9.500H9V6h3.500V2.500H14", Stopped: "M5.5 1.8h5l3.7 3.7v5l-3.7 3.7h-5L1.8 10.5v-5zM5.5 8h5", Held: "M5.5 3v10M10.5 3v10", Provisional: "M8 1.800l5.2 2v4c0 3.2-2.2 5.4-5.2 6.4-3-1-5.2-3.2-5.2-6.400v-4z",
};

const svgIcon = (name, children) => svg("svg", { class: `glyph ${name}-glyph`, viewBox: "0 0 16 16", "aria-hidden": "true", focusable: "false" }, children);

export const tunnelGlyph = (state) => svgIcon("tunnel", (TUNNEL[state] ?? TUNNEL.Unknown)());
export const activityGlyph = (activity) =>
  ACTIVITY[activity] ? svgIcon("activity", [svg("path", { d: ACTIVITY[activity], ...line, "stroke-width": activity === "Queued" ? 3 : 1.8 })]) : null;

const ATTENTION = { Problem: "Down", Changing: null, Unknown: "Unknown", Waiting: null, Well: "Up" };
export const attentionGlyph = (attention) =>
  ATTENTION[attention] ? tunnelGlyph(ATTENTION[attention]) : activityGlyph(attention === "Changing" ? "Changing" : "Window");

const STANDING = { Done: "Up", Failed: "Down", Skipped: "Absent" };
const STANDING_ACTIVITY = { Provisional: "Provisional", Moving: "Changing", Next: "Rollout", Behind: "Queued", Undone: "Undone" };
export const standingGlyph = (standing) =>
  STANDING[standing] ? tunnelGlyph(STANDING[standing]) : activityGlyph(STANDING_ACTIVITY[standing]);

export const gatewayGlyph = () =>
  svgIcon("gateway", [svg("path", { d: "M2.5 14V5.500L8 2l5.5 3.500V14zM6 14v-4.500h4V14", ...line })]);
