// The right column: the work groups of the chosen person's county, town and village.

import * as api from "./api.js";
import { Log } from "./bubbles.js";
import { composer } from "./composer.js";
import { $, el, icon, toast } from "./dom.js";

const LEVELS = { county: "县", town: "镇", village: "村（社区）", department: "部门" };
const NOTES = {
  county: "紧急的事和逐级升上来的事",
  town: "全镇的派单、督办和汇总",
  village: "本村的事、报平安和提醒",
  department: "派给本部门的事",
};

export class Groups {
  constructor(cast, choosePerson) {
    this.cast = cast;
    this.choosePerson = choosePerson;
    this.unread = new Map();
    this.log = new Log($("group-log"), { cast, empty: () => this.quiet(), named: true });
    composer($("group-form"), $("group-text"), (text) => this.send(text));
    $("outsider-switch").addEventListener("click", () => choosePerson(this.insider.openid));
    $("group-tabs").addEventListener("keydown", (event) => this.step(event));
  }

  select(person) {
    this.person = person;
    this.list = person.groups.map((chat) => this.cast.group(chat));
    const own = this.cast.unit(person.code)?.level ?? "department";
    this.show(this.list.find((group) => group.level === own) ?? this.list.at(-1));
  }

  async show(group) {
    this.group = group;
    this.unread.delete(group.chat);
    $("group-title").textContent = group.name;
    $("group-note").textContent = `企业微信工作群 · ${NOTES[group.level]}`;
    this.log.clear(group.chat, this.person.openid);
    this.drawTabs();
    this.drawComposer();
    const lines = await api.history(group.chat);
    if (this.group === group && this.log.chat === group.chat) this.log.show(lines);
  }

  hear(line) {
    if (line.chat === this.group.chat) this.log.add(line);
    else {
      this.unread.set(line.chat, (this.unread.get(line.chat) ?? 0) + 1);
      this.drawTabs();
    }
  }

  async send(text) {
    try {
      await api.say({ as: this.person.openid, chat: this.group.chat, kind: "text", text });
    } catch (error) {
      toast(error.message);
    }
  }

  // In a tab list the arrow keys move from tab to tab.
  step(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const index = this.list.indexOf(this.group) + by + this.list.length;
    this.show(this.list[index % this.list.length]);
    $("group-tabs").querySelector("[aria-selected=true]").focus();
  }

  drawTabs() {
    $("group-tabs").replaceChildren(...this.list.map((group) => this.tab(group)));
  }

  tab(group) {
    const chosen = group === this.group;
    const count = this.unread.get(group.chat);
    return el("button", {
      type: "button", role: "tab", "aria-selected": String(chosen), "aria-controls": "group-log",
      tabindex: chosen ? "0" : "-1", onclick: () => this.show(group),
    }, LEVELS[group.level], count ? el("span", { class: "count", "aria-label": `${count} 条新消息` }, String(Math.min(count, 99))) : null);
  }

  drawComposer() {
    const member = Boolean(this.person.userid);
    $("group-line").hidden = !member;
    $("outsider").hidden = member;
    if (member) return;
    this.insider = this.neighbour();
    $("outsider-text").textContent = `${this.person.name}不在工作群里，只能看。`;
    $("outsider-switch").textContent = `换成${this.cast.roles[this.insider.role]}${this.insider.name}`;
  }

  // The worker of the person's own grid, else the first of the village.
  neighbour() {
    const workers = this.cast.people.filter((person) => person.role === "worker");
    const village = this.person.groups.at(-1);
    return workers.find((worker) => worker.code === this.person.code)
      ?? workers.find((worker) => worker.groups.includes(village));
  }

  quiet() {
    return el("div", { class: "quiet" }, icon("group"),
      el("p", {}, "还没有消息。"), el("p", {}, "有人报了事，通知会马上出现在该知道的群里。"));
  }
}
