// A passage arrives as pieces of plain text: [text, whether it is marked, whether it is part of an answer]. Each becomes
// a text node or a <mark> with a text node in it; those of one answer stand in a <mark> around them.
export default function show({ data, parentElement }) {
  const passage = parentElement.querySelector(".passage");
  passage.classList.toggle("quiet", Boolean(data.quiet));
  const nodes = [];
  for (const [text, marked, answers] of data.pieces) {
    const last = nodes.at(-1);
    const node = piece([text, marked]);
    if (!answers) nodes.push(node);
    else if (last?.className === "answer") last.append(node);
    else nodes.push(element("mark", "answer"));
    if (answers && !node.parentNode) nodes.at(-1).append(node);
  }
  passage.replaceChildren(...nodes);
  if (data.more) passage.append("…");
  const answer = passage.querySelector(".answer");
  if (answer && passage.dataset.seen !== answer.textContent) bringIntoView(answer);
  passage.dataset.seen = answer?.textContent ?? "";
}

// Scrolls the box that the passage stands in, never the page.
function bringIntoView(node) {
  for (let box = node.parentNode; box; box = box.parentNode ?? box.host) {
    if (!(box instanceof Element) || box.scrollHeight <= box.clientHeight) continue;
    if (!/auto|scroll/.test(getComputedStyle(box).overflowY)) continue;
    if (box.clientHeight > window.innerHeight * 0.8) return;
    box.scrollTop += node.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 4;
    return;
  }
}
