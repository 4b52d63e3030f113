// The left column: who one can be.

import { $, avatar, el } from "./dom.js";

const SHOWN = 4; // of each section, until one asks for all

const SECTIONS = [
  ["居民", ["resident", "newcomer", "volunteer"]],
  ["网格员", ["worker", "micro_leader"]],
  ["村（社区）", ["village_staff"]],
  ["指挥中心", ["dispatcher", "leader"]],
  ["部门", ["department"]],
  ["平安超市", ["shop_manager", "shop_supervisor"]],
  ["审计与管理", ["auditor", "admin"]],
];

export class People {
  constructor(cast, choose) {
    this.cast = cast;
    this.choose = choose;
    this.chosen = "";
    this.opened = new Set();
    this.unread = new Set();
    $("people-search").addEventListener("input", () => this.draw());
  }

  select(openid) {
    this.chosen = openid;
    this.unread.delete(openid);
    this.draw();
    this.button(openid)?.scrollIntoView({ block: "nearest" });
  }

  mark(openid) {
    this.unread.add(openid);
    this.draw();
  }

  draw() {
    const words = $("people-search").value.trim().split(/\s+/).filter(Boolean);
    const focused = document.activeElement?.dataset?.openid;
    const sections = SECTIONS.map(([title, roles]) => this.section(title, roles, words)).filter(Boolean);
    const nobody = el("p", { class: "nobody" }, "没有找到这个人。换个姓名、身份或网格试试。");
    $("people-list").replaceChildren(...(sections.length ? sections : [nobody]));
    if (focused) this.button(focused)?.focus();
  }

  button(openid) {
    return $("people-list").querySelector(`[data-openid="${CSS.escape(openid)}"]`);
  }

  section(title, roles, words) {
    const all = roles.flatMap((role) => this.cast.people.filter((person) => person.role === role));
    const found = all.filter((person) => words.every((word) => this.text(person).includes(word)));
    if (!found.length) return null;
    const whole = words.length > 0 || this.opened.has(title) || found.length <= SHOWN + 1;
    const shown = found.filter((person, index) => whole || index < SHOWN || this.stands(person));
    const more = found.length - shown.length;
    return el("section", { "aria-label": title },
      el("h3", {}, title, el("span", {}, `${found.length} 人`)),
      el("ul", {}, ...shown.map((person) => el("li", {}, this.item(person, roles[0])))),
      more ? el("button", { class: "more", type: "button", onclick: () => this.open(title) }, `还有 ${more} 位`) : null);
  }

  stands(person) {
    return person.openid === this.chosen || this.unread.has(person.openid);
  }

  open(title) {
    this.opened.add(title);
    this.draw();
  }

  text(person) {
    return `${person.name} ${this.cast.roles[person.role]} ${person.place}`;
  }

  item(person, usual) {
    const chosen = person.openid === this.chosen;
    const unread = this.unread.has(person.openid);
    return el("button", {
      class: "person", type: "button", "data-openid": person.openid, "aria-pressed": String(chosen),
      onclick: () => this.choose(person.openid),
    },
    avatar(person),
    el("span", { class: "who" },
      el("b", {}, person.name), el("small", {}, person.place)),
    person.role === usual ? null : el("span", { class: "tag" }, this.cast.roles[person.role]),
    unread ? el("i", { class: "dot", role: "img", "aria-label": "有新消息" }) : null);
  }
}
