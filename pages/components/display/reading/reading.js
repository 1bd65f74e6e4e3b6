// A passage arrives as pieces of plain text; each becomes a text node or a <mark> with a text node in it.
export default function (component) {
  const { data, parentElement } = component;
  const passage = parentElement.querySelector(".passage");
  passage.classList.toggle("quiet", Boolean(data.quiet));
  passage.replaceChildren(
    ...data.pieces.map(([text, marked]) => {
      if (!marked) return document.createTextNode(text);
      const mark = document.createElement("mark");
      mark.textContent = text;
      return mark;
    }),
  );
  if (data.more) passage.append(document.createTextNode("…"));
}
