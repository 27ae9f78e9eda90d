// One message, as an element.

import { component, paintEdge } from "./components.js";
import { avatar, el, when } from "./dom.js";
import { markup } from "./markup.js";
import { picture } from "./picture.js";

const PRIVATE = 1 << 6;
const LOADING = 1 << 7;
const LAYOUT = 1 << 15; // such a message shows its files where its components say

export const nameOf = (user) => user.global_name ?? user.username;
export const isLoading = (message) => Boolean(message.flags & LOADING);
export const isPrivate = (message) => Boolean(message.flags & PRIVATE);

/** `ctx`: personName, channelName, people, find(id), isBusy, use, dismiss, failure(id), openMenu. */
export function messageElement(message, ctx, grouped) {
  const author = { id: message.author.id, name: nameOf(message.author) };
  const context = contextLine(message, ctx);
  const gutter = grouped ? el("span", { class: "gutter" }) : avatar(author, message.author.bot);
  return el(
    "article",
    {
      class: `message${grouped ? " grouped" : ""}${isPrivate(message) ? " private" : ""}`,
      id: `m${message.id}`,
      "aria-label": `${author.name}`,
      oncontextmenu: (event) => contextMenu(event, message, ctx),
    },
    context,
    gutter,
    el(
      "div",
      { class: "body" },
      grouped ? null : heading(message, author),
      content(message, ctx),
      message.flags & LAYOUT ? null : message.attachments.map((attachment) => file(attachment)),
      message.embeds.map((data) => embed(data, ctx)),
      components(message, ctx),
      ctx.failure(message.id) ? failure("This interaction failed") : null,
      note(message, ctx),
    ),
    isLoading(message) || message.failed ? null : menuButton(message, ctx),
  );
}

function menuButton(message, ctx) {
  return el("button", {
    type: "button",
    class: "icon message-actions",
    "aria-label": `Apps for this message of ${nameOf(message.author)}`,
    "aria-haspopup": "menu",
    dataset: { customId: "message-menu" }, // so that the focus stays when the message is drawn again
    onclick: (event) => ctx.openMenu(message, event.currentTarget),
  }, "⋯");
}

/** By the mouse where it points; by the menu key at what has the focus. */
function contextMenu(event, message, ctx) {
  if (isLoading(message) || message.failed || event.target.closest("a, input, textarea, select")) return;
  const pointed = event.clientX || event.clientY ? { x: event.clientX, y: event.clientY } : null;
  const from = event.currentTarget.querySelector(".message-actions");
  if (ctx.openMenu(message, from, pointed)) event.preventDefault();
}

function heading(message, author) {
  return el(
    "header",
    {},
    el("span", { class: "author" }, author.name),
    message.author.bot ? el("span", { class: "badge" }, "APP") : null,
    when(message.timestamp),
  );
}

/** "Ash used /newmon", or what the message answers. */
function contextLine(message, ctx) {
  if (message.interaction) {
    const { user, name } = message.interaction;
    const target = message.interaction_metadata?.target_message_id;
    return usedLine(user.id, nameOf(user), target ? name : `/${name}`);
  }
  const answered = message.message_reference && ctx.find(message.message_reference.message_id);
  if (!answered) return null;
  const summary = answered.content || answered.embeds[0]?.title || answered.embeds[0]?.description || "a picture";
  const jump = () => {
    const target = document.getElementById(`m${answered.id}`);
    target?.scrollIntoView({ block: "center", behavior: "smooth" });
    target?.classList.add("flash");
    setTimeout(() => target?.classList.remove("flash"), 1500);
  };
  return el(
    "p",
    { class: "context" },
    el("span", {}, "In reply to "),
    el("button", { type: "button", class: "plain", onclick: jump }, `${nameOf(answered.author)}: ${summary.slice(0, 80)}`),
  );
}

export function usedLine(userId, userName, command) {
  const person = { id: userId, name: userName };
  return el(
    "p",
    { class: "context" },
    avatar(person, false, "avatar tiny"),
    el("span", { class: "author" }, userName),
    " used ",
    el("span", { class: "mention" }, command),
  );
}

function content(message, ctx) {
  if (message.failed) return failure("The application did not respond");
  if (isLoading(message)) return thinking(`${nameOf(message.author)} is thinking`);
  if (!message.content) return null;
  const text = markup(message.content, ctx);
  if (message.edited_timestamp) text.append(el("span", { class: "edited", title: message.edited_timestamp }, " (edited)"));
  return text;
}

export function thinking(text) {
  return el(
    "p",
    { class: "thinking" },
    el("span", { class: "dots", "aria-hidden": "true" }, el("i"), el("i"), el("i")),
    `${text}…`,
  );
}

export function failure(text) {
  return el("p", { class: "failure" }, el("span", { "aria-hidden": "true" }, "⚠ "), text);
}

function file(attachment) {
  if (attachment.width && attachment.content_type?.startsWith("image/")) {
    return picture(attachment, attachment.description ?? attachment.filename);
  }
  const size = `${Math.max(1, Math.round(attachment.size / 1024))} KB`;
  return el("a", { class: "file", href: attachment.url, download: attachment.filename }, `${attachment.filename} `, el("small", {}, size));
}

function embed(data, ctx) {
  const title = data.title && (data.url
    ? el("a", { href: data.url, target: "_blank", rel: "noopener noreferrer" }, data.title)
    : data.title);
  const about = data.title ?? data.description ?? "Embed";
  const footer = [data.footer?.text, data.footer && data.timestamp ? " • " : null, data.timestamp && when(data.timestamp)]
    .filter(Boolean);
  const node = el(
    "div",
    { class: "embed" },
    data.thumbnail ? picture(data.thumbnail, `Thumbnail of ${about}`, "picture thumbnail") : null,
    data.author ? el("p", { class: "embed-author" }, data.author.name) : null,
    title ? el("p", { class: "embed-title" }, title) : null,
    data.description ? markup(data.description, ctx) : null,
    data.fields?.length ? el("dl", { class: "embed-fields" }, data.fields.map((field) => el(
      "div",
      { class: field.inline ? "inline" : null },
      el("dt", {}, markup(field.name, ctx, "")),
      el("dd", {}, markup(field.value, ctx, "")),
    ))) : null,
    data.image ? picture(data.image, data.image.description ?? `Picture of ${about}`) : null,
    footer.length ? el("p", { class: "embed-footer" }, footer) : null,
  );
  paintEdge(node, data.color);
  return node;
}

function components(message, ctx) {
  if (!message.components.length) return null;
  return el("div", { class: "components" }, message.components.map((data) => component(message, data, ctx)));
}

function note(message, ctx) {
  if (!isPrivate(message) && !message.failed) return null;
  const mine = isPrivate(message) || message.interaction?.user.id === ctx.me().id;
  if (!mine) return null;
  return el(
    "footer",
    { class: "note" },
    isPrivate(message) ? "Only you can see this · " : "",
    el("button", { type: "button", class: "plain link", onclick: () => ctx.dismiss(message) }, "Dismiss message"),
  );
}
