// The board. Documents are untrusted: every text goes in through textContent or setAttribute("title"), none
// through HTML. Streamlit calls the default export again whenever the data or the theme changes; what is on
// the screen is then updated in place, so that focus and scrolling stay where they are.

const OTHER = { left: "right", right: "left" };
const calm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const clamp = (value) => Math.min(1, Math.max(0, value));

class Board {
  constructor(root) {
    this.root = root;
    this.lists = { left: root.querySelector(".list.left"), right: root.querySelector(".list.right") };
    this.svg = root.querySelector(".wires");
    this.rows = new Map(); // key → { data, left: RowNodes, right: RowNodes, wire }
    this.unsent = []; // ratings the page has not confirmed yet: [number, key, value]
    this.last = 0;
    this.pointed = null;
    this.focused = null;
    this.moving = []; // animations of rows on their way to a new place
    this.threshold = new Threshold(this);
    this.watch = new ResizeObserver(() => this.draw());
    this.cuts = { left: this.makeCut("left"), right: this.makeCut("right") };
  }

  update(data, send) {
    const before = this.order;
    const held = this.root.getRootNode().activeElement;
    this.data = data;
    this.send = send;
    if (this.asked === undefined) this.folded = data.folded;
    else if (this.asked === data.folded) this.asked = undefined;
    this.unsent = this.unsent.filter(([number]) => number > data.seen);
    this.last = Math.max(this.last, data.seen);
    this.writeHeads();
    const old = this.rows;
    this.rows = new Map();
    for (const row of data.rows) {
      const kept = old.get(row.key) ?? { left: this.makeRow(row.key, "left"), right: this.makeRow(row.key, "right") };
      kept.data = { ...row };
      this.rows.set(row.key, kept);
    }
    for (const [, key, value] of this.unsent) if (this.rows.has(key)) this.rows.get(key).data.rating = value;
    for (const [key, row] of this.rows) for (const side of ["left", "right"]) this.fillRow(key, row, side);
    this.order = [...data.rows].sort((a, b) => a.now - b.now).map((row) => row.key);
    this.initial = [...data.rows].sort((a, b) => a.was - b.was).map((row) => row.key);
    this.makeWires();
    this.fold();
    this.threshold.update(data.threshold);
    for (const target of [this.root, this.lists.left, this.lists.right]) this.watch.observe(target);
    this.light();
    const changed = before?.join("\n") !== this.order.join("\n");
    if (changed) this.stop();
    this.draw();
    if (held && held !== this.root.getRootNode().activeElement && held.isConnected) held.focus({ preventScroll: true });
    if (changed) this.glide();
  }

  close() {
    this.watch.disconnect();
  }

  // ---- what is on the screen -------------------------------------------------------------------------

  writeHeads() {
    const { labels, bars, range, scored, rating, presenter, without, rows, threshold } = this.data;
    const legend = this.root.querySelector(".legend");
    legend.textContent = labels.scale;
    legend.hidden = !labels.scale || rows.length === 0;
    this.root.classList.toggle("worded", rows.some((row) => row.strength));
    this.root.classList.toggle("presenter", presenter);
    this.root.classList.toggle("no-lines", without.lines);
    this.root.classList.toggle("no-scores", without.scores);
    this.root.classList.toggle("rates", rating);
    for (const [side, title, name] of [
      ["left", labels.initial, labels.initialName],
      ["right", labels.reranked, labels.rerankedName],
    ]) {
      const head = this.root.querySelector(`.head.${side}`);
      head.querySelector("h2").textContent = title;
      head.querySelector(".name").textContent = name;
      const scale = head.querySelector(".scale");
      scale.hidden = !bars[side];
      scale.lastElementChild.textContent = String(side === "right" ? range : 1);
      this.lists[side].setAttribute("aria-label", title);
      this.root.classList.toggle(`bars-${side}`, bars[side]);
    }
    this.root.classList.toggle("scored-left", scored);
    const note = this.root.querySelector(".note");
    note.textContent = labels.empty;
    note.hidden = rows.length > 0;
    this.root.querySelector(".grid").hidden = rows.length === 0;
    const keys = [["↑ ↓", "move"], ["← →", "same document in the other order"], ["Enter", "show it in full"]];
    if (rating) keys.push(["0–3", "rate it"]);
    if (threshold !== null) keys.push(["Tab", "to the threshold"]);
    const help = this.root.querySelector(".keys");
    writeKeys(help, keys);
    help.hidden = rows.length === 0;
    const meaning = this.root.querySelector(".meaning");
    meaning.hidden = !rows.some((row) => row.answer);
    meaning.replaceChildren(piece([labels.marked, "answer"]), labels.meaning);
  }

  makeRow(key, side) {
    const item = element("li");
    const button = element("button", "row");
    button.type = "button";
    button.tabIndex = -1;
    const nodes = { item, button };
    nodes.rank = element("span", "rank");
    const body = element("span", "body");
    nodes.title = element("span", "title");
    nodes.text = element("span", "text");
    nodes.title.dir = nodes.text.dir = "auto";
    body.append(nodes.title, nodes.text);
    const facts = element("span", "facts");
    const meter = element("span", "meter");
    const bar = element("span", "bar");
    bar.setAttribute("aria-hidden", "true");
    nodes.fill = element("i");
    bar.append(nodes.fill);
    nodes.strength = element("b", "strength");
    nodes.number = element("span", "number");
    nodes.score = element("span", "score");
    nodes.score.append(nodes.strength, nodes.number);
    meter.append(nodes.score, bar);
    facts.append(meter);
    if (side === "right") {
      nodes.words = element("span", "words");
      nodes.was = element("span");
      nodes.move = element("b");
      nodes.move.setAttribute("aria-hidden", "true");
      nodes.words.append(nodes.was, nodes.move);
      nodes.spoken = element("span", "sr");
      nodes.verdict = element("span", "verdict");
      facts.append(nodes.words, nodes.spoken, nodes.verdict);
    }
    nodes.rated = element("span", "sr");
    button.append(nodes.rank, body, facts, nodes.rated);
    nodes.rates = element("span", "rate");
    nodes.rates.setAttribute("role", "group");
    nodes.rates.setAttribute("aria-label", "Rating");
    nodes.grades = [0, 1, 2, 3].map((value) => {
      const grade = element("button", "", String(value));
      grade.type = "button";
      grade.tabIndex = -1;
      grade.title = ["not relevant", "a little relevant", "relevant", "just right"][value];
      grade.setAttribute("aria-label", `Rate ${value}, ${grade.title}`);
      grade.onclick = () => this.rate(key, value);
      return grade;
    });
    nodes.rates.append(...nodes.grades);
    item.append(button, nodes.rates);
    item.onpointerenter = () => { this.pointed = key; this.light(); };
    item.onpointerleave = () => { this.pointed = null; this.light(); };
    item.addEventListener("focusin", () => this.enter(key, side));
    item.addEventListener("focusout", () => { this.focused = null; this.light(); });
    button.onclick = () => this.send.setTriggerValue("picked", key);
    button.onkeydown = (event) => this.press(event, key, side);
    return nodes;
  }

  fillRow(key, row, side) {
    const { data } = row;
    const nodes = row[side];
    const score = data.scores[side];
    nodes.rank.textContent = String(side === "left" ? data.was : data.now);
    nodes.title.textContent = data.title ?? "";
    nodes.title.hidden = !data.title;
    this.writeText(nodes, data);
    nodes.text.setAttribute("title", data.text);
    if (data.tooltip) nodes.button.setAttribute("title", data.tooltip);
    else nodes.button.removeAttribute("title");
    const { range, labels } = this.data;
    const worded = side === "right" && data.strength;
    nodes.fill.style.width = `${clamp((score ?? 0) / (side === "right" ? range : 1)) * 100}%`;
    nodes.number.textContent = score === null ? labels.noScore : score.toFixed(3);
    nodes.strength.textContent = worded ? `${data.strength} ` : "";
    nodes.score.dataset.strength = worded ? data.strength : "";
    nodes.score.title = worded ? this.data.meanings[data.strength] : "";
    nodes.item.classList.toggle("unscored", score === null);
    nodes.rates.hidden = !this.data.rating;
    nodes.grades.forEach((grade, value) => grade.setAttribute("aria-pressed", String(value === data.rating)));
    nodes.item.classList.toggle("rated", data.rating !== null);
    nodes.rated.textContent = data.rating === null ? "" : `, rated ${data.rating}`;
    markPicked(nodes.button, key === this.data.picked);
    nodes.item.classList.toggle("below", (side === "left" ? data.was : data.now) > this.data.top);
    if (side === "right") {
      nodes.was.textContent = data.words;
      nodes.move.textContent = data.move;
      nodes.spoken.textContent = `, ${data.spoken}`;
      // A press shows at once; whether the move helped is the page's to say and follows with its answer.
      const verdict = this.unsent.some(([, rated]) => rated === key) ? null : data.verdict;
      nodes.verdict.textContent = verdict === "better" ? "✓ better" : verdict === "worse" ? "✗ worse" : "";
      nodes.item.dataset.verdict = verdict ?? "";
    }
  }

  // The sentence that answers is marked while its row is lit: the text then begins near it.
  writeText(nodes, data) {
    const answers = Boolean(data.answer) && nodes.item.classList.contains("on");
    const pieces = answers ? data.answer : data.pieces;
    if (pieces) nodes.text.replaceChildren(...pieces.map(piece));
    else nodes.text.textContent = data.text;
    nodes.text.classList.toggle("answers", answers);
  }

  makeWires() {
    this.svg.replaceChildren();
    for (const key of [...this.order].reverse()) {
      const row = this.rows.get(key);
      row.wire = null;
      if (row.data.now > this.data.lines && row.data.was > this.data.lines) continue;
      row.wire = document.createElementNS(SVG, "path");
      row.wire.classList.toggle("top", row.data.now <= this.data.top);
      row.wire.dataset.verdict = row.right.item.dataset.verdict;
      this.svg.append(row.wire);
    }
  }

  makeCut(side) {
    const item = element("li", "cut");
    if (side === "left") item.append(element("span", "label"));
    else {
      const button = element("button", "fold");
      button.type = "button";
      button.onclick = () => this.setFolded(!this.folded);
      item.append(button);
    }
    return item;
  }

  // Folded, the left list keeps what either order has in its top, so that no curve starts from nowhere.
  fold() {
    const { top, labels } = this.data;
    const place = (list, keys, side, rankOf) => {
      const nodes = [];
      let hidden = 0;
      let cut = false;
      for (const key of keys) {
        const { data } = this.rows.get(key);
        const item = this.rows.get(key)[side].item;
        if (rankOf(data) > top && !cut) {
          nodes.push(this.cuts[side]);
          cut = true;
        }
        item.hidden = this.folded && rankOf(data) > top && (side === "right" || data.now > top);
        hidden += item.hidden ? 1 : 0;
        nodes.push(item);
      }
      const same = nodes.length === list.children.length && nodes.every((node, i) => node === list.children[i]);
      if (!same) list.replaceChildren(...nodes);
      return hidden;
    };
    const hidden = place(this.lists.left, this.initial, "left", (data) => data.was);
    place(this.lists.right, this.order, "right", (data) => data.now);
    this.cuts.left.firstChild.textContent = hidden ? `${labels.cut}, ${hidden} folded` : labels.cut;
    const button = this.cuts.right.firstChild;
    button.textContent = this.folded ? labels.show : labels.hide;
    button.setAttribute("aria-expanded", String(!this.folded));
    this.root.classList.toggle("folded", this.folded);
    this.root.style.setProperty("--seen", Math.max(1, this.visible("left").length, this.visible("right").length));
    for (const side of ["left", "right"]) {
      const rows = this.visible(side);
      if (rows.length && !rows.some((row) => row.button.tabIndex === 0)) rows[0].button.tabIndex = 0;
    }
  }

  setFolded(folded) {
    this.folded = folded;
    this.asked = folded; // an answer that was on its way does not undo it
    this.fold();
    this.threshold.show();
    this.draw();
    this.send.setStateValue("folded", folded);
  }

  draw() {
    if (this.moving.length) return; // rows are not where they stand; drawn once they are
    const box = this.svg.getBoundingClientRect();
    if (!box.width) return;
    for (const { left, right, wire } of this.rows.values()) {
      if (!wire) continue;
      const gone = left.item.hidden;
      const cut = !gone && right.item.hidden;
      wire.classList.toggle("dropped", cut);
      if (gone) {
        wire.setAttribute("d", "");
        continue;
      }
      const [from, to] = [middle(left.button, box), middle(cut ? this.cuts.right : right.button, box)];
      wire.setAttribute("d", curve(box.width, from, to));
    }
    this.threshold.place();
  }

  // Rows glide from their initial place to the new one when the order changes.
  glide() {
    if (calm() || !this.svg.getBoundingClientRect().width || !this.root.animate) return;
    const timing = { duration: 360, easing: "cubic-bezier(.2,.7,.2,1)" };
    const ways = [];
    for (const { left, right } of this.rows.values()) {
      if (left.item.hidden || right.item.hidden) continue;
      const offset = left.item.getBoundingClientRect().top - right.item.getBoundingClientRect().top;
      if (offset) ways.push([right.item, offset]);
    }
    const moving = ways.map(([item, offset]) =>
      item.animate([{ transform: `translateY(${offset}px)` }, { transform: "none" }], timing),
    );
    this.moving = moving;
    this.svg.animate([{ opacity: 0 }, { opacity: 0, offset: 0.5 }, { opacity: 1 }], timing);
    Promise.allSettled(moving.map((one) => one.finished)).then(() => {
      if (this.moving === moving) {
        this.moving = [];
        this.draw();
      }
    });
  }

  stop() {
    const moving = this.moving;
    this.moving = [];
    for (const one of moving) one.cancel();
  }

  // ---- keys, hover, ratings --------------------------------------------------------------------------

  visible(side) {
    const keys = side === "left" ? this.initial : this.order;
    return keys.map((key) => this.rows.get(key)[side]).filter((row) => !row.item.hidden);
  }

  light() {
    const key = [this.pointed, this.focused].find((each) => each !== null && this.rows.has(each)) ?? null;
    this.root.classList.toggle("lit", key !== null);
    for (const [each, row] of this.rows) {
      for (const side of ["left", "right"]) {
        const nodes = row[side];
        if (nodes.item.classList.contains("on") === (each === key)) continue;
        nodes.item.classList.toggle("on", each === key);
        if (row.data.answer) this.writeText(nodes, row.data);
      }
      row.wire?.classList.toggle("on", each === key);
    }
    const wire = key === null ? null : this.rows.get(key)?.wire;
    if (wire && wire !== this.svg.lastChild) this.svg.append(wire);
  }

  // One row of a list takes part in the tab order, with its own rating buttons.
  enter(key, side) {
    this.focused = key;
    this.light();
    for (const [each, row] of this.rows) {
      row[side].button.tabIndex = each === key ? 0 : -1;
      for (const grade of row[side].grades) grade.tabIndex = each === key ? 0 : -1;
    }
  }

  press(event, key, side) {
    const across = () => {
      const to = this.rows.get(key)[OTHER[side]];
      if (to.item.hidden) this.setFolded(false);
      return to;
    };
    const rated = (name) => {
      const grade = this.data.rating && /^[0-3]$/.test(name);
      if (grade) this.rate(key, Number(name));
      return grade;
    };
    pressed(event, this.visible(side), this.rows.get(key)[side], across, rated);
  }

  // Ratings are sent as a list until the page confirms them: quick presses while it runs are not lost.
  rate(key, value) {
    const { data } = this.rows.get(key);
    data.rating = data.rating === value ? null : value;
    this.last = Math.max(this.last + 1, Date.now());
    this.unsent.push([this.last, key, data.rating]);
    for (const side of ["left", "right"]) this.fillRow(key, this.rows.get(key), side);
    this.send.setStateValue("ratings", this.unsent.slice(-200));
  }
}

export default function show({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".board");
  const board = pictureOf(root, Board);
  board.update(data, { setStateValue, setTriggerValue });
  return () => board.close();
}
