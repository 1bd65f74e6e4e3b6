// A passage arrives as pieces of plain text; each becomes a text node or a <mark> with a text node in it.
export default function show({ data, parentElement }) {
  const passage = parentElement.querySelector(".passage");
  passage.classList.toggle("quiet", Boolean(data.quiet));
  passage.replaceChildren(...data.pieces.map(piece));
  if (data.more) passage.append("…");
}
