// Texts with links, and the part of Markdown that 企业微信 group messages know, as elements.

import { el } from "./dom.js";

const LINK = /https?:\/\/[^\s，。；、！？）》」<>"']+/g;
const INLINE = /\*\*(.+?)\*\*|`([^`]+)`|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)|<font color="(info|comment|warning)">(.*?)<\/font>|<@([^>]+)>/g;

const link = (href, text) => el("a", { href, target: "_blank", rel: "noopener" }, text);

export function plain(text) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(LINK)) {
    parts.push(text.slice(end, found.index), link(found[0], found[0]));
    end = found.index + found[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

function inline(text, nameOf) {
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(INLINE)) {
    const [all, bold, code, label, href, color, colored, userid] = found;
    parts.push(...plain(text.slice(end, found.index)));
    if (bold) parts.push(el("b", {}, ...inline(bold, nameOf)));
    else if (code) parts.push(el("code", {}, code));
    else if (href) parts.push(link(href, label));
    else if (color) parts.push(el("span", { class: `ink-${color}` }, ...inline(colored, nameOf)));
    else if (userid) parts.push(el("span", { class: "at" }, `@${nameOf(userid)}`));
    end = found.index + all.length;
  }
  parts.push(...plain(text.slice(end)));
  return parts;
}

export function markdown(text, nameOf) {
  return text.split("\n").map((line) => {
    const heading = /^(#{1,6}) +(.*)$/.exec(line);
    if (heading) return el("p", { class: "md-heading" }, ...inline(heading[2], nameOf));
    const quote = /^> ?(.*)$/.exec(line);
    if (quote) return el("p", { class: "md-quote" }, ...inline(quote[1], nameOf));
    return el("p", {}, ...inline(line, nameOf));
  });
}
