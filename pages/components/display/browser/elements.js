// What every picture needs. Texts come from anybody: they go in as text, never as HTML.

const SVG = "http://www.w3.org/2000/svg";

const element = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
// A piece of a text, in a <mark> where it is to be seen; `marked` may name its class.
const piece = ([text, marked]) =>
  marked ? element("mark", marked === true ? "" : marked, text) : document.createTextNode(text);

// The object that draws into an element: made once, and asked again whenever the data or the theme changes.
const pictures = new WeakMap();
const pictureOf = (root, Kind) => {
  if (!pictures.has(root)) pictures.set(root, new Kind(root));
  return pictures.get(root);
};
