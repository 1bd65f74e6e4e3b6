// A text arrives as pieces of plain text; what one side has alone becomes a <mark> with a text node in it.
export default function (component) {
  const { data, parentElement } = component;
  const difference = parentElement.querySelector(".difference");
  difference.replaceChildren(...["left", "right"].map((side) => column(side, data[side])));
  for (const text of difference.querySelectorAll(".text")) {
    const first = text.querySelector("mark");
    if (first) text.scrollTop = Math.max(0, first.offsetTop - text.offsetTop - text.clientHeight / 3);
  }
}

function column(side, { name, pieces }) {
  const box = document.createElement("section");
  box.className = side;
  box.setAttribute("aria-label", `${side === "left" ? "Left" : "Right"} text: ${name}`);
  const head = document.createElement("p");
  head.className = "name";
  head.textContent = name;
  const text = document.createElement("div");
  text.className = "text";
  text.dir = "auto";
  text.tabIndex = 0; // a long text scrolls in here, also with the keyboard
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", name);
  text.append(
    ...pieces.map(([words, alone]) => {
      if (!alone) return document.createTextNode(words);
      const mark = document.createElement("mark");
      mark.textContent = words;
      return mark;
    }),
  );
  box.append(head, text);
  return box;
}
