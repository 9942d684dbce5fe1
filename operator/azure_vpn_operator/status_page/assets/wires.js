// Lines of the map, in one drawing behind it. A line's dashes say what its colour says: whole is up, broken is down.

import { svg } from "./dom.js";

const LANES = { roomy: 13, dense: 9, crowded: 6 };
const MOST_LANES = 12;
const NARROW = 760;
const MARK = { Up: null, Partly: "M-4 0L0-4 4 0 0 4z", Down: "M-4-4L4 4M4-4L-4 4", Absent: "M-4 0H4", Unknown: "M0-4a4 4 0 1 0 .01 0" };

export function drawWires(root, links) {
  const density = root.dataset.density;
  const shown = new Set([...root.querySelectorAll(".row")].map((row) => row.dataset.gateway));
  const pairs = links.filter((link) => link.peer && link.peer !== link.gateway && shown.has(link.gateway) && shown.has(link.peer));
  const lane = innerWidth > NARROW ? LANES[density] : 0;
  // Where boxes are depends on how much room the arcs need, and that depends on nothing but their order.
  const arcs = plan(root, pairs);
  root.style.setProperty("--lanes", `${16 + lane * Math.min(arcs.lanes, MOST_LANES)}px`);
  const frame = root.getBoundingClientRect();
  const drawing = svg("svg", { class: "wires", width: frame.width, height: frame.height, "aria-hidden": "true" });
  const boxes = new Map();
  for (const row of root.querySelectorAll(".row")) boxes.set(row.dataset.gateway, at(row.firstElementChild, frame));
  if (lane) drawPairs(drawing, arcs.of, boxes, lane);
  for (const row of root.querySelectorAll(".row")) drawRow(drawing, row, boxes.get(row.dataset.gateway), frame, density === "roomy");
  root.querySelector(":scope > .wires")?.remove();
  root.append(drawing);
}

/** A lane for each pair: the first that is free over its whole length; short ones come first and so lie inside. */
function plan(root, pairs) {
  const order = new Map([...root.querySelectorAll(".row")].map((row, number) => [row.dataset.gateway, number]));
  const arcs = pairs.map((link) => {
    const [from, to] = [order.get(link.gateway), order.get(link.peer)].sort((a, b) => a - b);
    return { link, from, to };
  }).sort((a, b) => a.to - a.from - (b.to - b.from) || a.from - b.from);
  const lanes = [];
  for (const arc of arcs) {
    arc.lane = lanes.findIndex((taken) => taken.every(([from, to]) => arc.to <= from || arc.from >= to));
    if (arc.lane < 0) arc.lane = lanes.push([]) - 1;
    lanes[arc.lane].push([arc.from, arc.to]);
  }
  return { of: arcs, lanes: lanes.length };
}

const at = (node, frame) => {
  const box = node.getBoundingClientRect();
  return { left: box.left - frame.left, right: box.right - frame.left, top: box.top - frame.top, middle: box.top - frame.top + box.height / 2, width: box.width };
};

/** Arcs at the left of the boxes; several ends at one box are apart from each other. */
function drawPairs(drawing, arcs, boxes, width) {
  const used = new Map();
  const port = (id, way, middle) => {
    const key = `${id} ${way}`;
    const number = used.get(key) ?? 0;
    used.set(key, number + 1);
    return middle + way * Math.min(number * 4 + 3, 19);
  };
  for (const { link, lane } of arcs) {
    const [upper, lower] = [[link.gateway, boxes.get(link.gateway)], [link.peer, boxes.get(link.peer)]].sort((a, b) => a[1].top - b[1].top);
    const top = port(upper[0], 1, upper[1].middle);
    const bottom = port(lower[0], -1, lower[1].middle);
    const x = upper[1].left - 12 - Math.min(lane, MOST_LANES) * width;
    const r = Math.max(0, Math.min(8, (bottom - top) / 2));
    const path = `M${upper[1].left} ${top}H${x + r}Q${x} ${top} ${x} ${top + r}V${bottom - r}Q${x} ${bottom} ${x + r} ${bottom}H${lower[1].left}`;
    drawLine(drawing, link, path, x, (top + bottom) / 2);
  }
}

/** From the gateway to each chip: a curve of its own where there is room, else a drop from a bus. */
function drawRow(drawing, row, box, frame, roomy) {
  const chips = [...row.querySelectorAll(".chip")];
  if (!chips.length) return;
  const places = chips.map((chip) => at(chip, frame));
  if (roomy && places.every((place) => Math.abs(place.left - places[0].left) < 1) && places[0].left > box.right) {
    chips.forEach((chip, number) => {
      const { left, middle } = places[number];
      const bend = (left - box.right) / 2;
      const path = `M${box.right} ${box.middle}C${box.right + bend} ${box.middle} ${left - bend} ${middle} ${left} ${middle}`;
      drawChipLine(drawing, chip, path, left - 12, middle);
    });
    return;
  }
  const trunk = places[0].left > box.right ? (box.right + Math.min(...places.map((place) => place.left))) / 2 : places[0].left - 7;
  const buses = new Map();
  for (const place of places) {
    const y = Math.round(place.top) - 5;
    buses.set(y, Math.max(buses.get(y) ?? 0, place.left + 14));
  }
  const ys = [...buses.keys(), places[0].left > box.right ? box.middle : box.middle];
  let bus = places[0].left > box.right ? `M${box.right} ${box.middle}H${trunk}` : `M${trunk} ${box.middle}`;
  bus += `M${trunk} ${Math.min(...ys)}V${Math.max(...ys)}`;
  for (const [y, right] of buses) bus += `M${trunk} ${y}H${right}`;
  drawing.append(svg("path", { class: "bus", d: bus }));
  chips.forEach((chip, number) => {
    const { left, top } = places[number];
    drawChipLine(drawing, chip, `M${left + 14} ${Math.round(top) - 5}V${top + 1}`, null, null);
  });
}

const drawChipLine = (drawing, chip, path, x, y) => {
  const state = /tunnel-(\w+)/.exec(chip.className)[1];
  const attention = chip.classList.item(1);
  append(drawing, chip.dataset.link, state, attention, path, x, y);
};
const drawLine = (drawing, link, path, x, y) => append(drawing, link.id, link.tunnel, link.attention, path, x, y, link.total > 1);

function append(drawing, id, state, attention, path, x, y, several = false) {
  const parts = [svg("path", { d: path, class: "core" })];
  if (several) parts.unshift(svg("path", { d: path, class: "casing" }));
  if (x !== null && MARK[state]) parts.push(svg("circle", { cx: x, cy: y, r: 7, class: "mark-ground" }), svg("path", { d: MARK[state], class: "mark", transform: `translate(${x} ${y})` }));
  drawing.append(svg("g", { class: `wire ${attention} tunnel-${state}`, "data-wire": id }, ...parts));
}
