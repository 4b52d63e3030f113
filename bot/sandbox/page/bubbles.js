// A log of bubbles: one for the private chat, one for the group that is shown.

import { avatar, botAvatar, el, icon } from "./dom.js";
import { markdown, plain } from "./rich.js";

const GAP_SECONDS = 300; // a pause this long gets a time stamp

const clock = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hour12: false });
const date = new Intl.DateTimeFormat("zh-CN", { timeZone: "Asia/Shanghai", month: "long", day: "numeric" });

function stamp(at) {
  const then = new Date(at * 1000);
  const today = then.toDateString() === new Date().toDateString();
  const text = today ? clock.format(then) : `${date.format(then)} ${clock.format(then)}`;
  return el("time", { class: "stamp", datetime: then.toISOString() }, text);
}

export class Log {
  constructor(box, { cast, empty, named }) {
    this.box = box;
    this.cast = cast;
    this.empty = empty; // makes what stands in an empty chat
    this.named = named; // whether names stand above the bubbles
    this.clear("", "");
  }

  clear(chat, me) {
    Object.assign(this, { chat, me, last: 0, at: 0, early: [] });
    this.box.replaceChildren();
  }

  // Takes a chat's history; what came in while it was fetched is put behind it.
  show(lines) {
    const { early } = this;
    this.early = null;
    for (const line of [...lines, ...early]) this.add(line);
    if (!this.last) this.box.replaceChildren(this.empty());
  }

  add(line) {
    if (this.early) return void this.early.push(line);
    if (line.chat !== this.chat || line.id <= this.last) return;
    if (!this.last) this.box.replaceChildren();
    this.waiting(false);
    if (line.at - this.at > GAP_SECONDS) this.box.append(stamp(line.at));
    Object.assign(this, { last: line.id, at: line.at });
    this.box.append(line.sender === "system" ? this.notice(line) : this.row(line));
    this.box.scrollTop = this.box.scrollHeight;
  }

  waiting(on) {
    this.dots?.remove();
    this.dots = null;
    if (!on) return;
    if (!this.last) this.box.replaceChildren();
    this.dots = el("div", { class: "row theirs" }, botAvatar(),
      el("div", { class: "bubble typing", role: "status", "aria-label": "正在回答" }, el("i"), el("i"), el("i")));
    this.box.append(this.dots);
    this.box.scrollTop = this.box.scrollHeight;
  }

  notice(line) {
    return el("p", { class: "notice" }, line.text);
  }

  row(line) {
    const person = this.cast.person(line.sender);
    const mine = line.sender === this.me;
    const bubble = el("div", { class: `bubble ${line.kind}` }, ...this.content(line));
    const name = this.named && !mine ? el("span", { class: "name" }, person ? person.name : "码上办",
      el("span", { class: "tag" }, person ? this.cast.roles[person.role] : "机器人")) : null;
    return el("div", { class: `row ${mine ? "mine" : "theirs"}`, "data-via": line.via },
      person ? avatar(person) : botAvatar(), el("div", { class: "said" }, name, bubble));
  }

  content(line) {
    switch (line.kind) {
      case "image": {
        const href = `/sandbox/media/${line.media}`;
        const image = el("img", { src: href, alt: "发送的图片" });
        image.addEventListener("load", () => { this.box.scrollTop = this.box.scrollHeight; });
        return [el("a", { href, target: "_blank", rel: "noopener" }, image)];
      }
      case "location":
        return [el("b", {}, line.text), el("span", { class: "map" }, icon("pin"))];
      case "scan":
        return [icon("scan"), el("span", {}, el("b", {}, this.cast.unit(line.text)?.name ?? line.text), el("small", {}, "扫了二维码"))];
      case "subscribe":
        return [icon("heart"), el("span", {}, el("b", {}, "关注了公众号"))];
      case "markdown":
        return markdown(line.text, (userid) => this.cast.member(userid)?.name ?? userid);
      default:
        return [...plain(line.text), ...line.mentions.map((userid) => this.mention(userid))];
    }
  }

  mention(userid) {
    const name = userid === "@all" ? "所有人" : this.cast.member(userid)?.name ?? userid;
    return el("span", { class: "at" }, ` @${name}`);
  }
}
