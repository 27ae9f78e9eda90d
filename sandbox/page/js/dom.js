// Building elements. Text is always text: nothing here takes HTML.

/** `el("button", {class: "x", onclick: f, "aria-label": "…"}, child, "text", null)` */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "dataset") Object.assign(node.dataset, value);
    else if (key === "value" || key === "checked") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A round avatar with an initial; its colour depends on the id alone. */
export function avatar(person, isBot, className = "avatar") {
  if (isBot) return el("img", { class: `${className} bot`, src: "/page/egg.svg", alt: "" });
  const node = el("span", { class: className, "aria-hidden": "true" });
  paintAvatar(node, person);
  return node;
}

export function paintAvatar(node, person) {
  node.textContent = [...person.name][0]?.toUpperCase() ?? "?";
  node.style.setProperty("--hue", String(Number(BigInt(person.id) % 360n) * 137 % 360));
}

/** Are there pictures for emoji here? Where no font has them, all of them look like the same box. */
const emojiShown = (() => {
  const canvas = document.createElement("canvas");
  const drawn = (character) => {
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.font = "40px sans-serif, 'Noto Color Emoji'";
    pen.fillText(character, 4, 60);
    return pen.getImageData(0, 0, canvas.width, canvas.height).data.join();
  };
  return drawn("\u{1F95A}") !== drawn("\u{1F9EC}");
})();

/** Discord's emoji object; one of a server's own is shown by its name. Words beside it do without a box. */
export function emoji(data, hasWords = true) {
  if (hasWords && !data?.id && !emojiShown) return null;
  return data?.name ? el("span", { class: "emoji", "aria-hidden": "true" }, data.id ? `:${data.name}:` : data.name) : null;
}

let hiding;

/** Tells the person that something did not work. */
export function toast(text) {
  const node = byId("toast");
  node.textContent = text;
  node.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { node.hidden = true; }, 6000);
}

/** "Today at 12:43" */
export function when(iso) {
  const date = new Date(iso);
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  const day = days === 0 ? "Today at" : days === 1 ? "Yesterday at" : date.toLocaleDateString();
  return el("time", { datetime: iso, title: date.toLocaleString() }, `${day} ${time}`);
}
