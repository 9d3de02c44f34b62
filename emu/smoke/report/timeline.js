"use strict";
/* The picture of a timeline: lanes over virtual time on a canvas, to zoom, move and point at. */

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/* What draws itself anew when the theme changes. */
const themed = [];

/* Virtual time in words. */
const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
const inUnit = (ns, step) => {
  const [size, unit] = UNITS.find(([each]) => step >= each / 10) || UNITS[3];
  const digits = Math.max(0, Math.ceil(-Math.log10(step / size) - 1e-9));
  return `${(ns / size).toFixed(Math.min(digits, 9))} ${unit}`;
};
const amount = (ns) => {
  const [size, unit] = UNITS.find(([each]) => ns >= each) || UNITS[3];
  return `${Number((ns / size).toPrecision(5))} ${unit}`;
};
const moment = (ns) => `${(ns / 1e6).toFixed(6)} ms`;
const count = (n) => n.toLocaleString("en").replaceAll(",", "\u202f");

/* Timelines, unpacked when they are first shown. */
let pictures = null;
const unpack = ([name, kind, unit, width, packed]) => {
  const stretches = [];
  let at = 0, first = true;
  for (const run of packed.split(" ")) {
    const [word, times = "1"] = run.split("*");
    const [step, sum] = word.includes(":") ? word.split(":") : ["1", word];
    for (let n = parseInt(times, 36); n > 0; n--) {
      at += parseInt(step, 36);
      stretches.push([at * width, parseInt(sum, 36)]);
    }
  }
  return { name, kind, unit, width, stretches, most: Math.max(...stretches.map(([, sum]) => sum)) };
};
const KINDS = ["unplug", "ports", "interrupts", "disk", "network", "store", "console", "fault"];
const kindOf = (lane) => (lane.name === "unplug ports" ? "unplug" : lane.kind);
const timelineData = (number) => {
  pictures ??= JSON.parse($("#timelines").textContent);
  const picture = pictures[number];
  picture.unpacked ??= picture.lanes.map(unpack)
    .sort((a, b) => KINDS.indexOf(kindOf(a)) - KINDS.indexOf(kindOf(b)) || (a.name < b.name ? -1 : 1));
  return picture;
};

const AXIS = 22, EVENTS = 22, MODES = 17, LANE = 15, EDGE = 8, MARK = 4;

class Timeline {
  constructor(place, case_) {
    this.place = place;
    this.data = timelineData(Number(place.dataset.timeline));
    this.end = Math.max(this.data.end, 1);
    this.rows = $$("tr[data-ns]", case_);
    this.events = [
      ...this.data.events.map(([ns, kind, text]) => ({ ns, kind, text })),
      ...this.rows.map((row) => ({ ns: Number(row.dataset.ns), kind: "step", row, text: [...row.cells].slice(1).map((cell) => cell.textContent).filter(Boolean).join("  ") })),
    ].sort((a, b) => a.ns - b.ns);
    this.from = 0;
    this.to = this.end;
    this.cursor = null;
    this.build();
    this.listen();
    this.draw();
  }

  build() {
    const button = (text, label, act) => make("button", { type: "button", textContent: text, title: label, ariaLabel: label, onclick: act });
    this.range = make("span", { className: "range" });
    this.place.append(make("div", { className: "bar-of-tools" }, this.range,
      make("span", { textContent: "click, then wheel: zoom · drag: choose · shift-drag: move · + − ← → 0 n p" }),
      button("−", "Zoom out", () => this.zoom(2)), button("+", "Zoom in", () => this.zoom(0.5)),
      button("all", "Show all", () => this.show(0, this.end))));
    this.canvas = make("canvas", { tabIndex: 0 });
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `Timeline of ${amount(this.end)} of virtual time in ${this.data.unpacked.length} lanes; the numbers follow. Keys: plus and minus zoom, arrows move, 0 shows all, n and p go to the next and the previous event.`);
    this.tip = make("div", { className: "tip", hidden: true });
    this.spoken = make("span", { className: "unseen" });
    this.spoken.setAttribute("aria-live", "polite");
    this.probe = make("span", { hidden: true });
    this.place.append(this.canvas, this.tip, this.spoken, this.probe);
    this.lanes = this.data.unpacked.map((lane, number) => ({ ...lane, top: AXIS + EVENTS + MODES + number * LANE }));
    this.height = AXIS + EVENTS + MODES + this.lanes.length * LANE + 4;
    new ResizeObserver(() => this.draw()).observe(this.place);
    themed.push(() => this.draw());
  }

  colours() {
    const style = (name) => { this.probe.style.color = `var(--${name})`; return getComputedStyle(this.probe).color; };
    return Object.fromEntries([...KINDS, "ink", "dim", "rule", "paper", "raised", "sunk", "link"].map((name) => [name, style(name)]));
  }

  get left() { return this.gutter; }
  get plot() { return Math.max(this.width - this.gutter - EDGE, 50); }
  x(ns) { return this.left + (ns - this.from) / (this.to - this.from) * this.plot; }
  ns(x) { return this.from + (x - this.left) / this.plot * (this.to - this.from); }

  show(from, to) {
    const span = Math.min(Math.max(to - from, 100), this.end);
    this.from = Math.min(Math.max(from, 0), this.end - span);
    this.to = this.from + span;
    this.draw();
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    this.show(at - (at - this.from) * factor, at + (this.to - at) * factor);
  }

  move(share) {
    const by = (this.to - this.from) * share;
    this.show(this.from + by, this.to + by);
  }

  draw() {
    const width = this.place.clientWidth, scale = devicePixelRatio || 1, { canvas, height } = this;
    if (!width) return;
    this.width = width - 2;
    this.gutter = this.width < 600 ? 96 : 132;
    canvas.width = Math.round(this.width * scale);
    canvas.height = Math.round(height * scale);
    canvas.style.height = `${height + 2}px`;
    const pen = this.pen = canvas.getContext("2d"), colour = this.colour = this.colours();
    pen.scale(scale, scale);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    this.drawAxis(pen, colour);
    this.drawLabels(pen, colour);
    pen.save();
    pen.beginPath();
    pen.rect(this.left, 0, this.plot + EDGE, height);
    pen.clip();
    this.drawModes(pen, colour);
    for (const lane of this.lanes) this.drawLane(pen, lane, colour[kindOf(lane)] || colour.ports);
    this.drawEvents(pen, colour);
    this.drawCursor(pen, colour);
    pen.restore();
    const span = this.to - this.from;
    this.range.textContent = span >= this.end ? `${amount(this.end)} in all`
      : `${moment(this.from)} to ${moment(this.to)}: ${amount(span)} of ${amount(this.end)}`;
    canvas.dataset.from = Math.round(this.from);
    canvas.dataset.to = Math.round(this.to);
  }

  drawAxis(pen, colour) {
    const span = this.to - this.from, rough = span / (this.plot / 110), power = 10 ** Math.floor(Math.log10(rough));
    const step = power * [1, 2, 5, 10].find((each) => each * power >= rough);
    pen.textAlign = "center";
    for (let tick = Math.ceil(this.from / step) * step; tick <= this.to; tick += step) {
      const x = Math.round(this.x(tick)) + 0.5;
      pen.strokeStyle = colour.rule;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(x, AXIS - 4);
      pen.lineTo(x, this.height);
      pen.stroke();
      pen.fillStyle = colour.dim;
      const text = inUnit(tick, step), half = pen.measureText(text).width / 2;
      pen.fillText(text, Math.min(Math.max(x, this.left + half), this.left + this.plot - half), AXIS / 2 - 1);
    }
  }

  drawLabels(pen, colour) {
    pen.textAlign = "right";
    const label = (text, middle) => pen.fillText(text, this.left - 8, middle, this.left - 12);
    pen.fillStyle = colour.ink;
    label("events", AXIS + EVENTS / 2);
    label("processor's mode", AXIS + EVENTS + MODES / 2);
    for (const lane of this.lanes) label(lane.name, lane.top + LANE / 2 + 1);
  }

  drawModes(pen, colour) {
    const names = [...new Set(this.data.modes.map(([, mode]) => mode))];
    const top = AXIS + EVENTS + 2, tall = MODES - 4;
    pen.textAlign = "left";
    this.data.modes.forEach(([begin, mode], number) => {
      const next = this.data.modes[number + 1], x = this.x(begin), wide = Math.max(this.x(next ? next[0] : this.end) - x, 1);
      if (x + wide < this.left || x > this.left + this.plot) return;
      pen.globalAlpha = 0.14 + 0.16 * (names.indexOf(mode) % 4);
      pen.fillStyle = colour.dim;
      pen.fillRect(x, top, wide, tall);
      pen.globalAlpha = 1;
      const from = Math.max(x, this.left) + 4;
      if (x + wide - from > pen.measureText(mode).width + 4) {
        pen.fillStyle = colour.ink;
        pen.fillText(mode, from, top + tall / 2 + 0.5);
      }
    });
  }

  drawLane(pen, lane, fill) {
    const bottom = lane.top + LANE - 1, tall = LANE - 3, most = Math.log2(1 + lane.most);
    pen.fillStyle = this.colour.rule;
    pen.fillRect(this.left, bottom, this.plot, 0.5);
    pen.fillStyle = fill;
    const scale = this.plot / (this.to - this.from), wide = Math.max(lane.width * scale, 1.2), end = this.left + this.plot;
    for (const [begin, sum] of lane.stretches) {
      const x = this.left + (begin - this.from) * scale;
      if (x + wide < this.left) continue;
      if (x > end) break;
      const high = 2 + (tall - 2) * Math.log2(1 + sum) / most;
      pen.fillRect(x, bottom - high, wide > 4 ? wide - 0.5 : wide, high);
    }
  }

  drawEvents(pen, colour) {
    const middle = AXIS + EVENTS / 2;
    for (const event of this.events) {
      const x = this.x(event.ns);
      if (x < this.left - MARK || x > this.left + this.plot + MARK) continue;
      const single = event.kind !== "step";
      pen.fillStyle = pen.strokeStyle = event.kind === "fault" ? colour.fault : event.kind === "step" || event.kind === "unplug" ? colour.unplug : colour.ink;
      if (single) {
        pen.globalAlpha = 0.55;
        pen.lineWidth = 1;
        pen.beginPath();
        pen.moveTo(x, middle);
        pen.lineTo(x, this.height);
        pen.stroke();
        pen.globalAlpha = 1;
        pen.beginPath();
        pen.moveTo(x, middle - MARK - 1);
        pen.lineTo(x + MARK + 1, middle);
        pen.lineTo(x, middle + MARK + 1);
        pen.lineTo(x - MARK - 1, middle);
        pen.fill();
      } else {
        pen.globalAlpha = 0.75;
        pen.fillRect(x - 0.75, middle - 6, 1.5, 12);
        pen.globalAlpha = 1;
      }
    }
  }

  drawCursor(pen, colour) {
    if (this.chosen) {
      const [a, b] = this.chosen;
      pen.globalAlpha = 0.18;
      pen.fillStyle = colour.link;
      pen.fillRect(Math.min(a, b), 0, Math.abs(b - a), this.height);
      pen.globalAlpha = 1;
    }
    if (this.cursor === null) return;
    pen.strokeStyle = colour.dim;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.moveTo(Math.round(this.cursor) + 0.5, AXIS);
    pen.lineTo(Math.round(this.cursor) + 0.5, this.height);
    pen.stroke();
  }

  /* What is at a point, in words, and the event there. */
  at(x, y) {
    const ns = this.ns(x);
    if (y < AXIS + EVENTS) {
      const near = this.events.filter((event) => Math.abs(this.x(event.ns) - x) <= 5);
      near.sort((a, b) => Math.abs(a.ns - ns) - Math.abs(b.ns - ns) || (a.kind === "step") - (b.kind === "step"));
      const more = near.length > 4 ? `\n… and ${near.length - 4} more` : "";
      return { event: near[0], text: near.slice(0, 4).sort((a, b) => a.ns - b.ns).map((event) => `${moment(event.ns)}  ${event.text}`).join("\n") + more || moment(ns) };
    }
    if (y < AXIS + EVENTS + MODES) {
      const index = this.data.modes.findLastIndex(([begin]) => begin <= ns);
      if (index < 0) return { text: moment(ns) };
      const [begin, mode] = this.data.modes[index], next = this.data.modes[index + 1];
      return { text: `${mode}\n${moment(begin)} to ${moment(next ? next[0] : this.end)}` };
    }
    const lane = this.lanes[Math.floor((y - AXIS - EVENTS - MODES) / LANE)];
    if (!lane) return { text: moment(ns) };
    const pixel = (this.to - this.from) / this.plot, from = ns - pixel - lane.width, hit = lane.stretches.filter(([begin]) => begin > from && begin <= ns + pixel);
    if (!hit.length) return { text: `${lane.name}: nothing\nat ${moment(ns)}` };
    const sum = hit.reduce((total, [, each]) => total + each, 0), last = hit[hit.length - 1][0] + lane.width;
    return { text: `${lane.name}: ${count(sum)} ${lane.unit}\n${moment(hit[0][0])} to ${moment(Math.min(last, this.end))}` };
  }

  say(x, y, text) {
    this.tip.textContent = text;
    this.tip.hidden = false;
    const top = this.canvas.offsetTop + y + 16, wide = this.tip.offsetWidth;
    this.tip.style.left = `${Math.max(0, Math.min(x + 12, this.width - wide))}px`;
    this.tip.style.top = `${top}px`;
  }

  hush() {
    this.tip.hidden = true;
    this.cursor = null;
    this.point(null);
    this.draw();
  }

  point(row) {
    this.pointed?.classList.remove("here");
    this.pointed = row;
    row?.classList.add("here");
  }

  goTo(event) {
    const half = (this.to - this.from) / 2;
    if (event.ns < this.from || event.ns > this.to) this.show(event.ns - half, event.ns + half);
    this.cursor = this.x(event.ns);
    this.draw();
    this.point(event.row);
    this.say(this.cursor, AXIS, `${moment(event.ns)}  ${event.text}`);
    this.spoken.textContent = `${moment(event.ns)}: ${event.text}`;
    this.last = event;
  }

  neighbour(step) {
    const index = this.events.indexOf(this.last);
    const next = index >= 0 ? this.events[index + step]
      : step > 0 ? this.events.find((event) => event.ns >= this.from) : this.events.findLast((event) => event.ns <= this.to);
    if (next) this.goTo(next);
  }

  listen() {
    const { canvas } = this;
    const where = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left - 1, event.clientY - box.top - 1]; };
    let drag = null;
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas && !event.ctrlKey) return;
      event.preventDefault();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.move(event.deltaX / this.plot);
      else this.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 400))), this.ns(where(event)[0]));
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [x, y] = where(event);
      drag = { x, from: this.from, to: this.to, moves: event.shiftKey || y < AXIS, far: false };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const [x, y] = where(event);
      if (drag) {
        drag.far ||= Math.abs(x - drag.x) > 3;
        if (drag.far && drag.moves) {
          const by = (drag.x - x) / this.plot * (drag.to - drag.from);
          this.show(drag.from + by, drag.to + by);
        } else if (drag.far) this.chosen = [drag.x, x];
      }
      if (x < this.left) { this.hush(); return; }
      const found = this.at(x, y);
      this.cursor = x;
      this.point(found.event?.row);
      this.draw();
      this.say(x, y, found.text);
    });
    canvas.addEventListener("pointerup", (event) => {
      const [x, y] = where(event), was = drag;
      drag = this.chosen = null;
      if (!was) return;
      if (was.far && !was.moves) {
        const [a, b] = [this.ns(Math.min(was.x, x)), this.ns(Math.max(was.x, x))];
        this.show(Math.max(a, this.from), Math.min(b, this.to));
      } else if (!was.far) {
        const { event: found } = this.at(x, y);
        if (found) { this.last = found; found.row?.scrollIntoView({ block: "nearest" }); }
      }
    });
    canvas.addEventListener("pointercancel", () => { drag = this.chosen = null; this.draw(); });
    canvas.addEventListener("pointerleave", () => { if (!drag) this.hush(); });
    canvas.addEventListener("dblclick", () => this.show(0, this.end));
    canvas.addEventListener("blur", () => this.hush());
    canvas.addEventListener("keydown", (event) => {
      const keys = {
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), "0": () => this.show(0, this.end), Home: () => this.show(0, this.end),
        ArrowLeft: () => this.move(-0.2), ArrowRight: () => this.move(0.2), n: () => this.neighbour(1), p: () => this.neighbour(-1), Escape: () => this.hush(),
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    for (const row of this.rows) {
      row.addEventListener("pointerenter", () => { this.cursor = this.x(Number(row.dataset.ns)); this.draw(); });
      row.addEventListener("pointerleave", () => { this.cursor = null; this.draw(); });
    }
  }
}
