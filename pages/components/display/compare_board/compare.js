// Several orders side by side. Documents are untrusted: every text goes in through textContent or as a title, none
// through HTML. Streamlit calls the default export again whenever the data or the theme changes.

// The width in rem that so many columns need for texts of a readable width; below it one column shows its texts.
const ROOM = { 2: 30, 3: 45, 4: 58, 5: 70 };

class CompareBoard {
  constructor(root) {
    this.root = root;
    this.heads = root.querySelector(".heads");
    this.grid = root.querySelector(".grid");
    this.button = root.querySelector(".fold");
    this.button.onclick = () => this.setFolded(!this.folded);
    this.open = 0; // the column whose texts a phone shows
    this.pointed = this.focused = null;
    this.watch = new ResizeObserver(() => requestAnimationFrame(() => this.fit()));
  }

  update(data, send) {
    this.send = send;
    if (this.asked === undefined) this.folded = data.folded;
    else if (this.asked === data.folded) this.asked = undefined;
    const same = JSON.stringify([data.columns, data.documents, data.top, data.visible]) === this.drawn;
    this.data = data;
    if (!same) {
      this.drawn = JSON.stringify([data.columns, data.documents, data.top, data.visible]);
      this.build();
    }
    this.root.classList.toggle("presenter", data.presenter);
    this.root.classList.toggle("no-lines", data.without.lines);
    for (const { cells } of this.columns) {
      for (const [key, cell] of cells) markPicked(cell.button, key === data.picked);
    }
    this.fold();
    this.watch.observe(this.grid);
    this.light();
    this.fit();
  }

  close() {
    this.watch.disconnect();
  }

  // ---- what is on the screen -------------------------------------------------------------------------

  build() {
    const held = this.focused;
    const { columns } = this.data;
    if (this.open >= columns.length) this.open = 0;
    this.root.className = `board n${columns.length}`;
    this.heads.replaceChildren();
    this.grid.replaceChildren();
    this.gaps = [];
    this.columns = columns.map((column, place) => {
      if (place) {
        const wires = document.createElementNS(SVG, "svg");
        wires.setAttribute("class", "wires");
        wires.setAttribute("aria-hidden", "true");
        wires.setAttribute("focusable", "false");
        this.grid.append(wires);
        this.heads.append(element("div", "gap"));
        this.gaps.push({ wires, paths: [] });
      }
      const head = element("div", "head");
      const turn = element("button", "turn");
      turn.type = "button";
      turn.setAttribute("aria-label", `Show the texts of ${column.name}`);
      turn.onclick = () => this.turnTo(place);
      head.classList.toggle("short", column.name.length <= 2);
      head.append(element("h2", "", column.name), element("span", "about", column.about), turn);
      this.heads.append(head);
      const list = element("ol", "list");
      list.setAttribute("aria-label", column.name);
      const cells = new Map(column.order.map((key, index) => [key, this.makeRow(key, index + 1, place)]));
      const nodes = [...cells.values()].map((cell) => cell.item);
      nodes[this.data.top - 1]?.classList.add("last");
      const cut = element("li", "cut"); // where lines to folded rows end
      cut.setAttribute("aria-hidden", "true");
      list.append(...nodes, cut);
      this.grid.append(list);
      return { head, list, cells, cut };
    });
    this.makeWires();
    this.turnTo(this.open);
    const { labels } = this.data;
    this.root.querySelector(".more").textContent = labels.more;
    const keys = [["↑ ↓", "move"]];
    if (columns.length > 1) keys.push(["← →", "same document in the next order"]);
    keys.push(["Enter", "show it in full"]);
    writeKeys(this.root.querySelector(".keys"), keys);
    const cell = held && this.columns[held.place]?.cells.get(held.key);
    const first = cell ?? [...this.columns[0].cells.values()][0];
    if (first) first.button.tabIndex = 0;
    if (cell && this.root.getRootNode().activeElement === null) cell.button.focus({ preventScroll: true });
  }

  makeRow(key, rank, place) {
    const { documents, columns, ranks, labels } = this.data;
    const item = element("li");
    const button = element("button", "row");
    button.type = "button";
    button.tabIndex = -1;
    const { title, text } = documents[key];
    const body = element("span", "body");
    body.title = text;
    const heading = element("span", "title", title ?? "");
    const words = element("span", "text", text);
    heading.dir = words.dir = "auto";
    heading.hidden = !title;
    body.append(heading, words);
    const elsewhere = columns.map((column, other) => (other === place ? "" : `${ranks[other][key] ?? "no rank"} in ${column.name}`));
    const said = element("span", "sr", `; ${elsewhere.filter(Boolean).join(", ")}`);
    const standing = element("span", "standing");
    standing.append(element("span", "rank", String(rank)));
    button.append(standing, body);
    if (columns[place].only.includes(key)) {
      const only = element("span", "only", labels.only);
      only.title = labels.onlyHint;
      body.append(only);
    }
    const word = columns[place].words[key];
    if (word) {
      const strength = element("span", "strength", word);
      strength.title = labels.wordHint;
      strength.dataset.strength = word;
      standing.append(strength);
    }
    if (columns.length > 1) button.append(said);
    item.append(button);
    item.classList.toggle("below", rank > this.data.top);
    item.onpointerenter = () => { this.pointed = key; this.light(); };
    item.onpointerleave = () => { this.pointed = null; this.light(); };
    button.onfocus = () => this.enter(key, place);
    button.onblur = () => { this.focused = null; this.light(); };
    button.onclick = () => this.send.setTriggerValue("picked", key);
    button.onkeydown = (event) => this.press(event, key, place);
    return { item, button, rank };
  }

  makeWires() {
    const { lines, top } = this.data;
    this.gaps.forEach((gap, place) => {
      const [left, right] = [this.columns[place].cells, this.columns[place + 1].cells];
      for (const key of [...left.keys()].reverse()) {
        const [from, to] = [left.get(key), right.get(key)];
        if (!to || (from.rank > lines && to.rank > lines)) continue;
        const path = document.createElementNS(SVG, "path");
        path.classList.toggle("top", from.rank <= top || to.rank <= top);
        gap.wires.append(path);
        gap.paths.push({ key, from, to, path });
      }
    });
  }

  turnTo(place) {
    this.open = place;
    this.columns.forEach(({ head, list }, each) => {
      head.classList.toggle("open", each === place);
      list.classList.toggle("open", each === place);
      head.querySelector(".turn").setAttribute("aria-pressed", String(each === place));
    });
    this.draw();
  }

  fold() {
    const { visible, labels } = this.data;
    for (const { cells, cut } of this.columns) {
      for (const { item, rank } of cells.values()) item.hidden = this.folded && rank > visible;
      cut.hidden = !this.folded || cells.size <= visible;
    }
    this.button.textContent = this.folded ? labels.show : labels.hide;
    this.button.hidden = this.columns.every(({ cells }) => cells.size <= visible);
    this.button.setAttribute("aria-expanded", String(!this.folded));
    this.root.classList.toggle("folded", this.folded);
    const all = this.columns.flatMap(({ cells }) => [...cells.values()]).filter(({ item }) => !item.hidden);
    if (all.length && !all.some(({ button }) => button.tabIndex === 0)) all[0].button.tabIndex = 0;
  }

  setFolded(folded) {
    this.folded = this.asked = folded; // an answer that was on its way does not undo it
    this.fold();
    this.draw();
    this.send.setStateValue("folded", folded);
  }

  fit() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const width = this.root.getBoundingClientRect().width;
    if (width) this.root.classList.toggle("narrow", width < (ROOM[this.columns.length] ?? 0) * rem);
    this.draw();
  }

  draw() {
    for (const [place, { wires, paths }] of (this.gaps ?? []).entries()) {
      const box = wires.getBoundingClientRect();
      if (!box.width) continue;
      for (const { from, to, path } of paths) {
        const [gone, folded] = [from.item.hidden, to.item.hidden];
        path.classList.toggle("dropped", gone !== folded);
        if (gone && folded) {
          path.setAttribute("d", "");
          continue;
        }
        const start = middle(gone ? this.columns[place].cut : from.item, box);
        const end = middle(folded ? this.columns[place + 1].cut : to.item, box);
        path.setAttribute("d", curve(box.width, start, end));
      }
    }
  }

  // ---- hover and keys --------------------------------------------------------------------------------

  light() {
    const key = this.pointed ?? this.focused?.key ?? null;
    this.root.classList.toggle("lit", key !== null);
    for (const { cells } of this.columns) for (const [each, { item }] of cells) item.classList.toggle("on", each === key);
    for (const { wires, paths } of this.gaps) {
      for (const { key: each, path } of paths) {
        path.classList.toggle("on", each === key);
        if (each === key && path !== wires.lastChild) wires.append(path);
      }
    }
  }

  // One row of all takes part in the tab order.
  enter(key, place) {
    this.focused = { key, place };
    this.light();
    for (const [each, { cells }] of this.columns.entries()) {
      for (const [other, { button }] of cells) button.tabIndex = each === place && other === key ? 0 : -1;
    }
  }

  press(event, key, place) {
    const { cells } = this.columns[place];
    const across = (way) => {
      const to = this.columns[place + way]?.cells.get(key);
      if (to?.item.hidden) this.setFolded(false);
      return to;
    };
    pressed(event, [...cells.values()].filter(({ item }) => !item.hidden), cells.get(key), across);
  }
}

export default function show({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".board");
  const board = pictureOf(root, CompareBoard);
  board.update(data, { setStateValue, setTriggerValue });
  return () => board.close();
}
