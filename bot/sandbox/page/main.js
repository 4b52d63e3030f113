// Brings the page to life: loads the cast, chooses a person, shares out what arrives.

import * as api from "./api.js";
import { dialogs } from "./dialogs.js";
import { $ } from "./dom.js";
import { Groups } from "./groups.js";
import { People } from "./people.js";
import { Private } from "./private.js";

const FIRST = "o-lixiuying";

function index(cast) {
  const people = new Map(cast.people.map((person) => [person.openid, person]));
  const members = new Map(cast.people.filter((person) => person.userid).map((person) => [person.userid, person]));
  const groups = new Map(cast.groups.map((group) => [group.chat, group]));
  const units = new Map(cast.units.map((unit) => [unit.code, unit]));
  return {
    ...cast,
    person: (openid) => people.get(openid),
    member: (userid) => members.get(userid),
    group: (chat) => groups.get(chat),
    unit: (code) => units.get(code),
  };
}

function show(tab) {
  document.body.dataset.tab = tab;
  for (const button of document.querySelectorAll("[data-show]")) {
    if (button.dataset.show === tab) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  const dot = $(`${tab}-dot`);
  if (dot) dot.hidden = true;
}

const cast = index(await api.cast());
const chat = new Private(cast);
const groups = new Groups(cast, choose);
const people = new People(cast, choose);

function choose(openid) {
  const person = cast.person(openid);
  history.replaceState(null, "", `#${openid}`);
  const grid = cast.unit(person.code)?.level === "grid" ? person.code : "QH-XF-2";
  $("report-link").href = `/r/${grid}`;
  people.select(openid);
  chat.select(person);
  groups.select(person);
  show("chat");
}

function hear(line) {
  const inGroup = cast.group(line.chat);
  if (inGroup) {
    groups.hear(line);
    chat.overhear(line);
  } else if (line.chat === chat.person.openid) {
    chat.hear(line);
  } else if (line.sender === "bot" && cast.person(line.chat)) {
    people.mark(line.chat);
  }
  const tab = inGroup ? "groups" : "chat";
  const shown = inGroup ? chat.person.groups.includes(line.chat) : line.chat === chat.person.openid;
  if (shown && document.body.dataset.tab !== tab) $(`${tab}-dot`).hidden = false;
}

for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => show(button.dataset.show));
}
dialogs(cast, () => chat.person, (fields) => chat.send(fields));
const wanted = location.hash.slice(1);
api.live(cast.run, {
  line: hear,
  connected(on) {
    // Histories are fetched once lines are heard live, so that none falls between.
    if (on && !chat.person) choose(cast.person(wanted) ? wanted : FIRST);
    $("status").textContent = on ? "已连接" : "已断开，正在重连";
    $("status").classList.toggle("on", on);
  },
});
