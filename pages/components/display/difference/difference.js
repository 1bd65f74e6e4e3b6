// A text arrives as pieces of plain text; what one side has alone becomes a <mark> with a text node in it.
export default function show({ data, parentElement }) {
  const difference = parentElement.querySelector(".difference");
  difference.replaceChildren(...["left", "right"].map((side) => column(side, data[side])));
  for (const text of difference.querySelectorAll(".text")) {
    const first = text.querySelector("mark");
    if (first) text.scrollTop = Math.max(0, first.offsetTop - text.offsetTop - text.clientHeight / 3);
  }
}

function column(side, { name, pieces }) {
  const box = element("section", side);
  box.setAttribute("aria-label", `${side === "left" ? "Left" : "Right"} text: ${name}`);
  const text = element("div", "text");
  text.dir = "auto";
  text.tabIndex = 0; // a long text scrolls in here, also with the keyboard
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", name);
  text.append(...pieces.map(piece));
  box.append(element("p", "name", name), text);
  return box;
}
