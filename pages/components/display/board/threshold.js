// The threshold of the board: a dashed line across the reranked order with a handle for mouse and keyboard.

class Threshold {
  constructor(board) {
    this.board = board;
    this.line = board.root.querySelector(".threshold");
    this.handle = board.root.querySelector(".handle");
    this.value = null; // 0 to 1, null where there is none
    this.drag = null; // { start, y } while the mouse holds the handle, y from the first real movement on
    this.pending = false; // moved by key, the key still down
    this.listen();
  }

  update(value) {
    this.sent = null;
    if (!this.drag && !this.pending) this.value = value;
    this.show();
  }

  show() {
    const { rows, data, root } = this.board;
    const shown = this.value !== null && rows.size > 0;
    this.line.hidden = !shown;
    root.classList.toggle("has-threshold", shown && this.value > 0);
    let count = 0; // one rule with the tables: within Top N and not under the threshold
    for (const row of rows.values()) {
      const score = row.data.scores.right;
      const under = shown && (score === null || score < this.value);
      if (!under && row.data.now <= data.top) count += 1;
      row.right.item.classList.toggle("under", under);
      row.wire?.classList.toggle("under", under);
    }
    if (!shown) return;
    const value = this.value.toFixed(3);
    const keeps = `keeps ${count} of ${rows.size}`;
    root.style.setProperty("--threshold", `${clamp(this.value / data.range) * 100}%`);
    this.handle.replaceChildren(element("b", "", value), element("span", "", keeps));
    this.handle.setAttribute("aria-valuenow", value);
    this.handle.setAttribute("aria-valuetext", `${value}, ${keeps}`);
    this.place();
  }

  // At rest the line lies between the last row it keeps and the next; while dragged it follows the pointer.
  place() {
    if (this.line.hidden) return;
    let y = this.drag?.y;
    if (y === undefined) {
      const kept = this.board.visible("right").filter((row) => !row.item.classList.contains("under"));
      const last = kept.at(-1)?.item;
      y = last ? last.offsetTop + last.offsetHeight : 0;
    }
    this.line.style.transform = `translateY(${y}px)`;
  }

  // Rows stand at their own score, the top of the list at 1 and its end at 0; in between it runs evenly.
  valueAt(y) {
    const { rows, order, lists } = this.board;
    const marks = [[0, 1]];
    for (const key of order) {
      const { data, right } = rows.get(key);
      if (right.item.hidden || data.scores.right === null) continue;
      marks.push([right.item.offsetTop + right.item.offsetHeight / 2, clamp(data.scores.right)]);
    }
    marks.push([lists.right.offsetHeight, 0]);
    for (let i = 1; i < marks.length; i += 1) {
      const [[top, high], [bottom, low]] = [marks[i - 1], marks[i]];
      if (y <= bottom) return clamp(high + ((low - high) * Math.max(0, y - top)) / Math.max(1, bottom - top));
    }
    return 0;
  }

  listen() {
    const { handle } = this;
    const { root } = this.board;
    const steps = { ArrowUp: 0.01, ArrowRight: 0.01, ArrowDown: -0.01, ArrowLeft: -0.01, PageUp: 0.1, PageDown: -0.1 };
    handle.onpointerdown = (event) => {
      if (event.button !== 0) return;
      handle.setPointerCapture(event.pointerId);
      this.drag = { start: event.clientY };
      root.classList.add("dragging");
    };
    handle.onpointermove = (event) => {
      if (!this.drag || (this.drag.y === undefined && Math.abs(event.clientY - this.drag.start) < 3)) return;
      const list = this.board.lists.right.getBoundingClientRect();
      this.drag.y = Math.min(list.height, Math.max(0, event.clientY - list.top));
      this.set(this.valueAt(this.drag.y));
    };
    handle.onpointerup = handle.onpointercancel = (event) => {
      if (!this.drag) return;
      this.drag = null;
      root.classList.remove("dragging");
      if (event.type === "pointercancel") this.value = this.board.data.threshold;
      this.show();
      this.release();
    };
    handle.onkeydown = (event) => {
      const value = event.key === "Home" ? 0 : event.key === "End" ? 1 : this.value + (steps[event.key] ?? NaN);
      if (Number.isNaN(value)) return;
      event.preventDefault();
      event.stopPropagation();
      this.pending = true;
      this.set(value);
    };
    handle.onkeyup = handle.onblur = () => {
      if (this.pending) this.release();
    };
  }

  set(value) {
    this.value = Math.round(clamp(value) * 1000) / 1000;
    this.show();
  }

  // The page hears of a threshold only when it is let go, not at every step on the way.
  release() {
    this.pending = false;
    if (this.value === this.board.data.threshold || this.value === this.sent) return;
    this.sent = this.value;
    this.board.send.setTriggerValue("threshold", this.value);
  }
}
