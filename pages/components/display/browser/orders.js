// What the boards share: the legend of the keys, the curves between two orders, the way from row to row.

const writeKeys = (legend, keys) =>
  legend.replaceChildren(...keys.map(([cap, what]) => {
    const pair = element("span");
    pair.append(element("kbd", "", cap), ` ${what}`);
    return pair;
  }));

// How far down a node's middle is in a box.
const middle = (node, box) => {
  const rect = node.getBoundingClientRect();
  return rect.top + rect.height / 2 - box.top;
};
const curve = (width, from, to) => `M0 ${from} C${width * 0.46} ${from} ${width * 0.54} ${to} ${width} ${to}`;

const markPicked = (button, picked) => {
  if (picked) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
};

// A key was pressed on one of these rows: whether it was one of ours. `across` gives the same document in another
// order for an arrow to the left or the right, `other` says whether it took any other key.
const pressed = (event, rows, here, across, other = () => false) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const place = rows.indexOf(here);
  let to = null;
  if (event.key === "ArrowDown") to = rows[place + 1];
  else if (event.key === "ArrowUp") to = rows[place - 1];
  else if (event.key === "Home") to = rows[0];
  else if (event.key === "End") to = rows.at(-1);
  else if (event.key === "ArrowLeft" || event.key === "ArrowRight") to = across(event.key === "ArrowLeft" ? -1 : 1);
  else if (!other(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  to?.button.focus();
};
