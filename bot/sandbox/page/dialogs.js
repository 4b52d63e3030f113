// The three dialogs: scan a grid's QR, send a location, what this page is.

import { $, el, icon } from "./dom.js";

export function dialogs(cast, chosen, send) {
  for (const button of document.querySelectorAll("[data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
  const close = (id, fields) => {
    $(id).close();
    send(fields);
  };
  $("about-open").addEventListener("click", () => $("about").showModal());
  $("place-open").addEventListener("click", () => $("place").showModal());
  $("place-list").append(...cast.places.map((place) => el("li", {},
    el("button", { type: "button", onclick: () => close("place", { kind: "location", ...place }) },
      icon("pin"), el("span", {}, el("b", {}, place.label), el("small", {}, `北纬 ${place.lat.toFixed(4)}，东经 ${place.lng.toFixed(4)}`))))));
  scanning(cast, chosen, (scene) => close("scan", { kind: "scan", scene }));
}

function scanning(cast, chosen, scan) {
  const villages = cast.units.filter((unit) => unit.level === "village");
  const towns = cast.units.filter((unit) => unit.level === "town");
  $("scan-village").append(...towns.map((town) => el("optgroup", { label: town.name },
    ...villages.filter((village) => village.parent === town.code)
      .map((village) => el("option", { value: village.code }, village.name)))));
  const draw = () => $("scan-codes").replaceChildren(
    ...below($("scan-village").value, cast.units).map((unit) => codeItem(unit, scan)));
  $("scan-village").addEventListener("change", draw);
  $("scan-open").addEventListener("click", () => {
    const groups = chosen().groups.map((chat) => cast.group(chat));
    $("scan-village").value = groups.find((group) => group.level === "village").code;
    draw();
    $("scan").showModal();
  });
  $("scan-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const scene = $("scan-scene").value.trim();
    $("scan-scene").value = "";
    if (scene) scan(scene);
  });
}

function below(code, units) {
  const children = units.filter((unit) => unit.parent === code);
  return children.flatMap((unit) => [unit, ...below(unit.code, units)]);
}

function codeItem(unit, scan) {
  return el("li", {},
    el("img", { src: `/sandbox/qr/${unit.code}.svg`, alt: `${unit.name}的二维码`, loading: "lazy" }),
    el("b", {}, unit.name),
    el("div", { class: "code-acts" },
      el("button", { type: "button", class: "plain", onclick: () => scan(unit.code), "aria-label": `用微信扫${unit.name}` }, "微信扫"),
      el("a", { href: `/r/${unit.code}`, target: "_blank", rel: "noopener", "aria-label": `打开${unit.name}的网页` }, "开网页")));
}
