// Buttons, menus and layouts of a message.

import { el, emoji } from "./dom.js";
import { markup } from "./markup.js";
import { menuButton } from "./menu.js";
import { picture } from "./picture.js";

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "primary" };

/** Renders any component; `ctx.use(message, component, values)` is called when a person uses it. */
export function component(message, data, ctx) {
  const inner = () => (data.components ?? []).map((child) => component(message, child, ctx));
  switch (data.type) {
    case 1: return el("div", { class: "row" }, inner());
    case 2: return button(message, data, ctx);
    case 3: case 5: case 6: case 7: case 8: return menuButton(message, data, ctx);
    case 9: return el("div", { class: "section" }, el("div", {}, inner()), component(message, data.accessory, ctx));
    case 10: return markup(data.content, ctx);
    case 11: return picture(data.media, data.description ?? "Thumbnail", "picture thumbnail");
    case 12: return gallery(data);
    case 13: return el("a", { class: "file", href: data.file.url, download: "" }, data.file.url.split("?")[0].split("/").at(-1));
    case 14: return el("hr", { class: data.divider === false ? "gap" : null });
    case 17: return container(data, inner());
    default: return el("p", { class: "subtext" }, `(A component of type ${data.type}, which this page cannot show.)`);
  }
}

function gallery(data) {
  const items = data.items.map((item) => picture(item.media, item.description ?? "Picture"));
  return el("div", { class: "gallery", dataset: { count: String(Math.min(items.length, 3)) } }, items);
}

function container(data, children) {
  const node = el("div", { class: "embed layout" }, children);
  paintEdge(node, data.accent_color);
  return node;
}

export function paintEdge(node, colour) {
  if (colour !== null && colour !== undefined) {
    node.style.borderInlineStartColor = `#${colour.toString(16).padStart(6, "0")}`;
  }
}

function button(message, data, ctx) {
  const content = [emoji(data.emoji, Boolean(data.label)), data.label ? el("span", {}, data.label) : null];
  const label = data.label ? null : data.emoji?.name;
  const className = `button ${STYLES[data.style] ?? "secondary"}`;
  if (data.style === 5) {
    return el("a", { class: className, href: data.url, target: "_blank", rel: "noopener noreferrer" }, content, " ↗");
  }
  return el(
    "button",
    {
      type: "button",
      class: className,
      disabled: Boolean(data.disabled),
      "aria-label": label,
      "aria-busy": ctx.isBusy(message.id, data.custom_id) ? "true" : null,
      dataset: { customId: data.custom_id },
      onclick: () => ctx.use(message, data),
    },
    content,
  );
}
