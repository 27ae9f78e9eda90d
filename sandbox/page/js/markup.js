// Discord's markdown, a small part of it, as nodes. Whatever it does not know stays text.

import { el } from "./dom.js";

const INLINE = [
  [/^`([^`]+)`/, (match) => el("code", {}, match[1])],
  [/^\*\*([\s\S]+?)\*\*/, (match, ctx) => el("strong", {}, inline(match[1], ctx))],
  [/^__([\s\S]+?)__/, (match, ctx) => el("u", {}, inline(match[1], ctx))],
  [/^~~([\s\S]+?)~~/, (match, ctx) => el("s", {}, inline(match[1], ctx))],
  [/^\*(?!\s)([^*]+?)\*/, (match, ctx) => el("em", {}, inline(match[1], ctx))],
  [/^_(?!\s)([^_]+?)_(?!\w)/, (match, ctx) => el("em", {}, inline(match[1], ctx))],
  [/^<@!?(\d+)>/, (match, ctx) => mention(`@${ctx.personName(match[1])}`)],
  [/^<#\d+>/, (match, ctx) => mention(`#${ctx.channelName()}`)],
  [/^<t:(-?\d+)(?::(\w))?>/, (match) => el("time", {}, moment(Number(match[1]), match[2]))],
  [/^<\/([\w -]{1,100}):\d+>/, (match) => mention(`/${match[1]}`)],
  [/^\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)/, (match, ctx) => link(match[2], inline(match[1], ctx))],
  [/^https?:\/\/[^\s<>)\]]+/, (match) => link(match[0], match[0])],
  [/^\\([*_`~|\\<>#\-[\]])/, (match) => match[1]],
];

function moment(seconds, style) {
  const date = new Date(seconds * 1000);
  return style === "d" || style === "D" ? date.toLocaleDateString() : date.toLocaleString();
}

function mention(text) {
  return el("span", { class: "mention" }, text);
}

function link(href, content) {
  return el("a", { href, target: "_blank", rel: "noopener noreferrer" }, content);
}

/** Nodes and strings for one run of text. */
function inline(text, ctx) {
  const out = [];
  let plain = "";
  for (let rest = text, before = ""; rest;) {
    // An underscore within a word is just that.
    const inWord = rest[0] === "_" && /\w$/.test(before);
    const found = inWord ? undefined : INLINE.map(([pattern, make]) => [pattern.exec(rest), make]).find(([m]) => m);
    const length = found ? found[0][0].length : 1;
    if (found) {
      if (plain) out.push(plain);
      plain = "";
      out.push(found[1](found[0], ctx));
    } else {
      plain += rest[0];
    }
    before = rest.slice(0, length);
    rest = rest.slice(length);
  }
  if (plain) out.push(plain);
  return out.flat();
}

const LINES = [
  [/^(#{1,3}) (.+)/, (match, ctx) => el("p", { class: `heading h${match[1].length}` }, inline(match[2], ctx))],
  [/^-# (.+)/, (match, ctx) => el("p", { class: "subtext" }, inline(match[1], ctx))],
  [/^> (.*)/, (match, ctx) => el("blockquote", {}, inline(match[1], ctx))],
  [/^[-*] (.+)/, (match, ctx) => el("p", { class: "bullet" }, inline(match[1], ctx))],
];

/** `ctx` has personName(id) and channelName(). */
export function markup(text, ctx, className = "text") {
  const root = el("div", { class: className });
  for (const [index, part] of text.split(/```(?:\w*\n)?([\s\S]*?)\n?```/).entries()) {
    if (index % 2) {
      root.append(el("pre", {}, el("code", {}, part)));
      continue;
    }
    // Markers like ** may span lines, so lines without a marker of their own are read together.
    let run = [];
    const flush = () => {
      if (run.length) root.append(el("span", {}, inline(run.join("\n"), ctx)));
      run = [];
    };
    for (const line of part.split("\n")) {
      const found = LINES.map(([pattern, make]) => [pattern.exec(line), make]).find(([match]) => match);
      if (found) {
        flush();
        root.append(found[1](found[0], ctx));
      } else {
        run.push(line);
      }
    }
    flush();
  }
  return root;
}
