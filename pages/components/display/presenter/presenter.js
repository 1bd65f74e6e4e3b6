// The head of the presenter view. Query and sentence hold anybody's texts: they go in through textContent.

// Where a key belongs to what has the focus: somebody types there, or moves something with the arrows.
const TAKES_KEYS = "input, textarea, select, [contenteditable], [role=textbox], [role=combobox], [role=listbox], [role=slider], [role=spinbutton], [role=menu], [role=dialog]";
const PRESSES_ENTER = "button, a, summary, [role=button], [role=tab]";

class Presenter {
  constructor(root) {
    this.root = root;
    this.unsent = []; // presses that the page has not confirmed yet: [number, action]
    this.last = 0;
    this.hear = (event) => this.heard(event);
  }

  update(data, send) {
    const first = !this.data;
    this.data = data;
    this.send = send;
    this.unsent = this.unsent.filter(([number]) => number > data.seen);
    this.last = Math.max(this.last, data.seen);
    for (const [name, text] of [["query", data.query], ["sentence", data.sentence], ["note", data.note]]) {
      const node = this.root.querySelector(`.${name}`);
      if (node.textContent !== text) node.textContent = text; // what did not change is not read aloud again
    }
    this.writeLegend();
    document.addEventListener("keydown", this.hear);
    if (first) this.root.querySelector(".sentence").focus({ preventScroll: true });
  }

  close() {
    document.removeEventListener("keydown", this.hear);
  }

  writeLegend() {
    const legend = this.root.querySelector(".legend");
    const there = new Map([...legend.children].map((button) => [button.dataset.action, button]));
    const buttons = this.data.controls.map(({ action, cap, label, on }) => {
      const button = there.get(action) ?? element("button");
      button.type = "button";
      button.dataset.action = action;
      button.replaceChildren(element("kbd", "", cap), element("span", "label", label));
      if (on === null) button.removeAttribute("aria-pressed");
      else button.setAttribute("aria-pressed", String(on));
      button.onclick = () => this.press(action);
      return button;
    });
    const same = buttons.length === legend.children.length && buttons.every((each, i) => each === legend.children[i]);
    if (!same) legend.replaceChildren(...buttons);
  }

  heard(event) {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.composedPath()[0];
    if (target.closest?.(TAKES_KEYS)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "Enter" && target.closest?.(PRESSES_ENTER)) return;
    const found = this.data.controls.find((control) => control.keys.includes(key));
    if (!found) return;
    event.preventDefault();
    this.press(found.action);
  }

  // Sent as a list until the page confirms them: quick presses while it runs are not lost.
  press(action) {
    this.last = Math.max(this.last + 1, Date.now());
    this.unsent.push([this.last, action]);
    this.send.setStateValue("presses", this.unsent.slice(-50));
  }
}

export default function show({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".presenter");
  const presenter = pictureOf(root, Presenter);
  presenter.update(data, { setStateValue });
  return () => presenter.close();
}
