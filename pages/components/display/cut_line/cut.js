// A picture with a line that is dragged across it. Names come from Python and go in through textContent. While the
// line moves, the figures beside it are read from what Python worked out for every step; nothing is computed here.

const LEFT = 44, RIGHT = 14, TOP = 34, GAP = 22, BOTTOM = 40;
const ANSWER_WITHIN_MS = 3000;

const drawn = (tag, attributes, text) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
};

class CutLine {
  constructor(root) {
    this.root = root;
    for (const name of ["stage", "line", "handle", "keys", "facts"]) this[name] = root.querySelector(`.${name}`);
    this.svg = root.querySelector("svg");
    this.value = null;
    this.sent = null; // what the page was sent and has not confirmed yet
    this.dragging = false;
    this.pending = false; // moved by key, the key still down
    this.watch = new ResizeObserver(() => this.draw());
    this.watch.observe(this.stage);
    this.listen();
  }

  close() {
    this.watch.disconnect();
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    // The page may still be answering an earlier move: the line does not jump back to where it was then.
    const late = this.sent !== null && data.value !== this.sent && performance.now() - this.sentAt < ANSWER_WITHIN_MS;
    if (!late) this.sent = null;
    if (!late && !this.dragging && !this.pending) this.value = data.value;
    this.handle.setAttribute("aria-label", data.label);
    this.handle.setAttribute("aria-valuemin", data.low);
    this.handle.setAttribute("aria-valuemax", data.high);
    this.draw();
  }

  // Where things are

  get width() {
    return Math.max(200, this.stage.clientWidth);
  }

  x(value) {
    const { low, high } = this.data;
    return LEFT + ((value - low) / (high - low || 1)) * (this.width - LEFT - RIGHT);
  }

  step(value) {
    const { low, high, steps } = this.data;
    return Math.min(steps, Math.max(0, Math.round(((value - low) / (high - low || 1)) * steps)));
  }

  at(step) {
    const { low, high, steps } = this.data;
    return Number((low + ((high - low) * Math.min(steps, Math.max(0, step))) / steps).toFixed(10));
  }

  said(value) {
    return value.toFixed(this.data.digits);
  }

  // The picture

  draw() {
    if (!this.data || this.stage.clientWidth === 0) return;
    const { panels, across } = this.data;
    this.svg.replaceChildren();
    let top = TOP;
    for (const [place, panel] of panels.entries()) {
      this.drawPanel(panel, top);
      top += panel.height + (place === panels.length - 1 ? 0 : GAP);
    }
    this.drawScale(top);
    const middle = LEFT + (this.width - LEFT - RIGHT) / 2;
    this.svg.append(drawn("text", { x: middle, y: top + 36, "text-anchor": "middle" }, across));
    this.svg.setAttribute("height", top + BOTTOM);
    this.line.style.height = `${top}px`;
    this.show();
  }

  drawPanel(panel, top) {
    const y = (value) => top + panel.height * (1 - value / panel.most);
    for (const [mark, label] of panel.ticks) {
      this.svg.append(drawn("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y(mark), y2: y(mark) }));
      this.svg.append(drawn("text", { x: LEFT - 8, y: y(mark) + 4, "text-anchor": "end" }, label));
    }
    this.svg.append(drawn("text", { x: this.width - RIGHT, y: top - 7, "text-anchor": "end" }, panel.up));
    let below = null;
    for (const series of panel.series) {
      if (panel.kind === "areas") below = this.drawArea(series, below, y);
      else this.drawCurve(series, y);
    }
  }

  drawArea(series, below, y) {
    const base = below ?? series.values.map(() => 0);
    const tops = series.values.map((value, step) => base[step] + value);
    const path = [];
    for (const [step, value] of tops.entries()) {
      path.push(`${this.x(this.at(step))},${y(value)}`, `${this.x(this.at(step + 1))},${y(value)}`);
    }
    for (let step = base.length - 1; step >= 0; step -= 1) {
      path.push(`${this.x(this.at(step + 1))},${y(base[step])}`, `${this.x(this.at(step))},${y(base[step])}`);
    }
    this.svg.append(drawn("polygon", { class: `area t${series.tone}`, points: path.join(" ") }));
    return tops;
  }

  drawCurve(series, y) {
    const runs = [[]];
    for (const [step, value] of series.values.entries()) {
      if (value === null) runs.push([]);
      else runs.at(-1).push(`${this.x(this.at(step))},${y(value)}`);
    }
    const dash = { 1: "7 4", 2: "2 4" }[series.dash] ?? "none";
    for (const points of runs.filter((run) => run.length > 0)) {
      this.svg.append(
        drawn("polyline", { class: `curve t${series.tone}`, points: points.join(" "), "stroke-dasharray": dash }),
      );
      if (this.data.steps > 40) continue;
      for (const point of points) {
        const [cx, cy] = point.split(",");
        this.svg.append(drawn("circle", { class: `dot t${series.tone}`, cx, cy, r: 3 }));
      }
    }
  }

  drawScale(top) {
    const { steps, digits, low, high } = this.data;
    const room = Math.max(2, Math.floor((this.width - LEFT - RIGHT) / 44));
    const every = digits === 0 ? Math.ceil((steps + 1) / room) : steps / (room >= 10 ? 10 : 5);
    for (let step = 0; step <= steps; step += every) {
      const value = this.at(step);
      const label = digits === 0 ? String(value) : value.toFixed(high - low >= 0.5 ? 1 : 2);
      this.svg.append(drawn("text", { x: this.x(value), y: top + 18, "text-anchor": "middle" }, label));
    }
  }

  // The line and what it says

  show() {
    const { panels, facts, now } = this.data;
    const step = this.step(this.value);
    const resting = this.value === this.data.value;
    const x = this.x(this.value);
    this.line.style.left = `${x}px`;
    this.handle.textContent = this.said(this.value);
    const half = this.handle.offsetWidth / 2;
    const shift = Math.max(0, half - x) - Math.max(0, x + half - this.width);
    this.handle.style.left = `${shift}px`;
    const drawnNow = panels.flatMap((panel) => panel.series);
    const shown = drawnNow.map((series, place) => [series, (resting ? now.series : series.words)[resting ? place : step]]);
    this.keys.replaceChildren(
      ...shown.map(([series, words]) => {
        const item = element("li");
        const swatch = element("span", `swatch t${series.tone} ${series.line ? "curve" : ""} dash${series.dash}`);
        item.append(swatch, element("span", "", series.name), element("b", "", words));
        return item;
      }),
    );
    const said = facts.map((fact, place) => [fact, resting ? now.facts[place] : fact.words[step]]);
    this.facts.replaceChildren(
      ...said.map(([fact, words]) => {
        const item = element("div");
        item.append(element("dt", "", fact.name), element("dd", "value", words), element("dd", "hint", fact.hint));
        return item;
      }),
    );
    const all = [...said.map(([fact, words]) => `${fact.name} ${words}`)];
    if (all.length === 0) all.push(...shown.map(([series, words]) => `${series.name} ${words}`));
    this.handle.setAttribute("aria-valuenow", this.said(this.value));
    this.handle.setAttribute("aria-valuetext", [this.said(this.value), ...all].join(", "));
  }

  set(value) {
    this.value = value;
    this.show();
  }

  listen() {
    const follow = (event) => {
      const box = this.stage.getBoundingClientRect();
      const { low, high } = this.data;
      const share = (event.clientX - this.grip - box.left - LEFT) / (this.width - LEFT - RIGHT);
      this.set(this.at(this.step(low + share * (high - low))));
    };
    this.stage.onpointerdown = (event) => {
      if (event.button !== 0) return;
      this.stage.setPointerCapture(event.pointerId);
      this.dragging = true;
      this.before = this.value;
      // Held by its handle the line keeps its distance to the pointer, else it comes to where the pointer is.
      const held = event.target === this.handle;
      this.grip = held ? event.clientX - this.line.getBoundingClientRect().left : 0;
      if (!held) follow(event);
      event.preventDefault();
      this.handle.focus({ preventScroll: true });
    };
    this.stage.onpointermove = (event) => {
      if (this.dragging) follow(event);
    };
    this.stage.onpointerup = () => {
      if (!this.dragging) return;
      this.dragging = false;
      this.release();
    };
    this.stage.onpointercancel = () => {
      if (!this.dragging) return;
      this.dragging = false;
      this.set(this.before); // the page was scrolled, not the line moved
    };
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
    this.handle.onkeydown = (event) => {
      const { low, high } = this.data;
      let value = null;
      if (event.key === "Home") value = low;
      else if (event.key === "End") value = high;
      else if (event.key in by) value = this.moved(by[event.key]);
      if (value === null || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation();
      this.pending = true;
      this.set(value);
    };
    this.handle.onkeyup = this.handle.onblur = () => {
      if (this.pending) this.release();
    };
  }

  // A line between two steps goes to the next one, whichever way.
  moved(by) {
    const exact = ((this.value - this.data.low) / (this.data.high - this.data.low || 1)) * this.data.steps;
    const near = Math.round(exact);
    const from = Math.abs(exact - near) < 1e-6 ? near : by > 0 ? Math.floor(exact) : Math.ceil(exact);
    return this.at(from + by);
  }

  // The page hears of it only when the line is let go, not at every step on the way.
  release() {
    this.pending = false;
    if (this.value === (this.sent ?? this.data.value)) return;
    this.sent = this.value;
    this.sentAt = performance.now();
    this.send.setTriggerValue("moved", this.value);
  }
}

export default function show({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".cut");
  const cut = pictureOf(root, CutLine);
  cut.watch.observe(cut.stage);
  cut.update(data, { setTriggerValue });
  return () => cut.close();
}
