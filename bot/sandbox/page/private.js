// The middle column: the private chat between the chosen person and the bot.

import * as api from "./api.js";
import { Log } from "./bubbles.js";
import { composer } from "./composer.js";
import { $, avatar, botAvatar, el, toast } from "./dom.js";
import { LastNumber, phrasesOf } from "./phrases.js";

export class Private {
  constructor(cast) {
    this.cast = cast;
    this.inGroups = new LastNumber();
    this.log = new Log($("chat-log"), { cast, empty: () => this.welcome(), named: false });
    this.composer = composer($("chat-form"), $("chat-text"), (text) => this.send({ kind: "text", text }));
    $("image").addEventListener("change", (event) => this.sendImage(event.target));
    $("subscribe").addEventListener("click", () => this.send({ kind: "subscribe" }));
  }

  async select(person) {
    this.person = person;
    this.inPrivate = new LastNumber();
    this.log.clear(person.openid, person.openid);
    $("me").replaceChildren(avatar(person), el("span", {}, el("b", {}, person.name), el("small", {}, `${this.cast.roles[person.role]} · ${person.place}`)));
    this.drawChips();
    const lines = await api.history(person.openid);
    if (this.person !== person) return;
    this.log.show(lines);
    for (const line of lines) this.inPrivate.note(line);
    this.drawChips();
  }

  hear(line) {
    this.log.add(line);
    this.inPrivate.note(line);
    this.drawChips();
  }

  overhear(line) {
    this.inGroups.note(line);
    this.drawChips();
  }

  // Who works in the groups acts on what is said there; a resident only on the own cases.
  number() {
    const sources = this.person.userid ? [this.inPrivate, this.inGroups] : [this.inPrivate];
    return sources.reduce((latest, source) => (source.id > latest.id ? source : latest)).number;
  }

  async send(fields) {
    const person = this.person;
    try {
      const sending = api.say({ as: person.openid, chat: "private", ...fields });
      const waiting = setTimeout(() => { if (this.person === person) this.log.waiting(true); }, 250);
      await sending.finally(() => clearTimeout(waiting));
    } catch (error) {
      toast(error.message);
    } finally {
      if (this.person === person) this.log.waiting(false);
    }
  }

  sendImage(input) {
    const [image] = input.files;
    input.value = "";
    if (image) this.send({ kind: "image", image });
  }

  phrase(text) {
    const number = this.number();
    const said = text.replace("#", number);
    const complete = !text.endsWith(" ") && (number || !text.includes("#"));
    if (complete) this.send({ kind: "text", text: said });
    else this.composer.fill(`${said.trim()} `);
  }

  drawChips() {
    const number = this.number();
    const labels = phrasesOf(this.person.role).chips;
    $("phrases").replaceChildren(...labels.map((text) => el("button", { type: "button", onclick: () => this.phrase(text) },
      text.replace("#", number || "编号").trim() + (text.endsWith(" ") ? "…" : ""))));
  }

  welcome() {
    const { line, hints } = phrasesOf(this.person.role);
    return el("div", { class: "welcome" }, botAvatar(),
      el("h3", {}, `${this.person.name}，您好`),
      el("p", {}, line),
      el("p", { class: "try" }, "试试说："),
      ...hints.map((text) => el("button", { type: "button", onclick: () => this.phrase(text) }, text)));
  }
}
