// Copies a link or a picture where the browser allows it, and says what to do where it does not. The picture is an SVG
// of ours, drawn into a canvas here; nothing leaves the page.

const LARGEST = 16000; // the most pixels that a canvas has in one direction

const linkTo = (tail) => `${location.origin}${location.pathname}${tail}`;

const drawn = async (svg) => {
  const picture = new Image();
  picture.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await picture.decode();
  const scale = Math.min(2, LARGEST / Math.max(picture.naturalWidth, picture.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.naturalWidth * scale);
  canvas.height = Math.round(picture.naturalHeight * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  const file = await new Promise((done) => canvas.toBlob(done, "image/png"));
  if (!file) throw new Error("no picture");
  return file;
};

const save = (file, name) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
};

const drawnFor = new WeakMap();

export default function show({ data, parentElement }) {
  const root = parentElement.querySelector(".copies");
  const made = JSON.stringify(data);
  if (drawnFor.get(root) === made) return; // drawn anew with the same content: what was said stays
  drawnFor.set(root, made);
  const say = (words) => (root.querySelector(".said").textContent = words);
  root.querySelector(".link")?.remove();
  say("");

  const copyLink = async () => {
    const link = linkTo(data.link);
    try {
      await navigator.clipboard.writeText(link);
      say(`Copied: ${link.length.toLocaleString("en")} characters.`);
    } catch {
      root.querySelector(".link")?.remove();
      const field = element("textarea", "link");
      field.readOnly = true;
      field.rows = 4;
      field.setAttribute("aria-label", "The link");
      field.value = link;
      root.append(field);
      field.focus();
      field.select();
      say("This browser does not let a page copy here. The link is selected below: copy it with Ctrl+C.");
    }
  };
  const copyPicture = async () => {
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": drawn(data.picture) })]);
      say("Copied. Paste it into a slide, a document or a chat.");
    } catch {
      say("This browser does not let a page copy pictures here. Take the PNG file instead.");
    }
  };
  const savePicture = async () => {
    try {
      save(await drawn(data.picture), `${data.name}.png`);
      say("");
    } catch {
      say("This browser could not draw the picture. Take the SVG file instead.");
    }
  };

  const wanted = data.link ? [["Copy link", copyLink]] : [["Copy picture", copyPicture], ["PNG", savePicture]];
  root.querySelector(".buttons").replaceChildren(
    ...wanted.map(([label, press]) => {
      const button = element("button", "", label);
      button.type = "button";
      button.onclick = press;
      return button;
    }),
  );
}
