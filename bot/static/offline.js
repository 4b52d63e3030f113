// Sell without network: the signed list and what was sold lie in this browser until they are brought back.
// A sale is written down before the clerk is told to hand over; the server books each voucher once.

const LISTS = "mashang.voucher-lists";
const SALES = "mashang.voucher-sales";
const KEPT_DAYS = 30;

const byId = (id) => document.getElementById(id);
const read = (key, none) => JSON.parse(localStorage.getItem(key) ?? none);
const lists = () => read(LISTS, "{}");
const sales = () => read(SALES, "[]");
const write = (key, value) => localStorage.setItem(key, JSON.stringify(value));
const seconds = () => Math.floor(Date.now() / 1000);
const waiting = () => sales().filter((sale) => sale.state === "waiting");

if (byId("copy")) keepList(byId("copy"));
if (byId("sync")) offerSync(byId("sync"));
if (byId("outcomes")) noteOutcomes(byId("outcomes"));
if (byId("offline")) sell();

// ---- a list that was signed just now

async function keepList(element) {
  const list = JSON.parse(element.dataset.list);
  const note = byId("kept");
  try {
    if (!("serviceWorker" in navigator) || !crypto.subtle) throw new Error("no secure page");
    write(LISTS, { ...lists(), [list.id]: list });
    await navigator.storage?.persist?.();
    await navigator.serviceWorker.register("/counter/worker.js", { scope: "/counter/offline" });
    await activated();
  } catch {
    note.textContent = "这台设备存不下名单：请用新一点的浏览器，从 https 开头的网址打开，不要用无痕窗口。";
    return;
  }
  note.textContent = "名单已存到这台设备，没有网络也能卖。";
  byId("open").hidden = false;
}

async function activated() {
  const registration = await navigator.serviceWorker.getRegistration("/counter/offline");
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (worker.state === "activated") return;
  await new Promise((done, failed) =>
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") done();
      if (worker.state === "redundant") failed(new Error("not kept"));
    }),
  );
}

// ---- bringing sales back

function offerSync(form) {
  const due = waiting();
  const first = due[0]?.list;
  const list = lists()[first];
  if (!list) return;
  const sent = due.filter((sale) => sale.list === first);
  byId("due").textContent = `这台设备上有 ${due.length} 笔没有同步。`;
  form.elements.list.value = list.id;
  form.elements.signature.value = list.signature;
  form.elements.sales.value = JSON.stringify(
    sent.map(({ id, voucher, card, at, items }) => ({ id, voucher, card, at, items })),
  );
  form.hidden = false;
}

function noteOutcomes(element) {
  const told = new Map([...element.querySelectorAll("[data-sale]")].map((one) => [one.dataset.sale, one]));
  const now = sales().map((sale) => {
    const one = told.get(sale.id);
    if (!one) return sale;
    const state = one.dataset.state;
    return { ...sale, state, answer: one.textContent.trim(), card: state === "waiting" ? sale.card : "" };
  });
  write(SALES, now);
  tidy();
}

function tidy() {
  const since = seconds() - KEPT_DAYS * 86400;
  write(SALES, sales().filter((sale) => sale.state === "waiting" || sale.at > since));
  const needed = new Set(waiting().map((sale) => String(sale.list)));
  const kept = Object.entries(lists()).filter(([id, list]) => needed.has(id) || list.expires_at > seconds());
  write(LISTS, Object.fromEntries(kept));
}

// ---- selling

function sell() {
  tidy();
  navigator.serviceWorker?.register("/counter/worker.js", { scope: "/counter/offline" }).catch(() => {});
  const open = Object.values(lists()).filter((list) => list.expires_at > seconds());
  const list = open.sort((one, other) => other.id - one.id)[0];
  showLine();
  window.addEventListener("online", showLine);
  window.addEventListener("offline", showLine);
  showSold();
  if (!list) {
    byId("none").hidden = false;
    return;
  }
  byId("where").textContent = `${list.shop} · ${list.device}`;
  byId("until").textContent = `名单 ${list.id}，${dated(list.expires_at)} 前有效，还有 ${free(list).length} 张券没有用。`;
  showGoods(list);
  const find = byId("find");
  find.hidden = false;
  find.elements.typed.focus();
  find.addEventListener("submit", async (event) => {
    event.preventDefault();
    await look(list, find.elements.typed.value);
  });
}

function free(list) {
  const used = new Set(sales().map((sale) => sale.voucher));
  return list.vouchers.filter((voucher) => voucher.state === "held" && !used.has(voucher.id));
}

async function look(list, typed) {
  const problem = byId("problem");
  problem.hidden = true;
  const match = /([A-Za-z0-9]{4})[ -]?([A-Za-z0-9]{4})\/?$/.exec(typed.trim());
  const card = match ? (match[1] + match[2]).toUpperCase() : "";
  const hash = card && (await hashed(card, list));
  const voucher = list.vouchers.find((one) => one.card === hash);
  const why = !voucher
    ? "这张户卡不在离线名单上。"
    : free(list).includes(voucher)
      ? ""
      : "这户的离线券已经用过了。";
  if (why) {
    problem.textContent = why;
    problem.hidden = false;
    return;
  }
  const form = byId("basket");
  form.dataset.points = voucher.points;
  byId("find").hidden = true;
  form.hidden = false;
  byId("who").textContent = voucher.who;
  byId("points").textContent = voucher.points;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!form.hidden) book(list, voucher, card, form);
  });
}

async function hashed(card, list) {
  const bytes = (text) => new TextEncoder().encode(text);
  const key = await crypto.subtle.importKey("raw", bytes(card), "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(list.signature), iterations: list.rounds };
  const bits = new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
  return [...bits].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function book(list, voucher, card, form) {
  const chosen = list.goods
    .map((one) => [one, Number(form.elements[`n${one.id}`].value)])
    .filter(([, count]) => count > 0);
  const points = chosen.reduce((sum, [one, count]) => sum + one.price * count, 0);
  const problem = byId("basket-problem");
  problem.textContent = !chosen.length
    ? "还没有选商品。"
    : points > voucher.points
      ? `离线券只有 ${voucher.points} 分。`
      : free(list).some((one) => one.id === voucher.id)
        ? ""
        : "这户的离线券已经用过了。";
  problem.hidden = !problem.textContent;
  if (problem.textContent) return;
  const sale = {
    id: crypto.randomUUID(),
    list: list.id,
    voucher: voucher.id,
    card,
    at: seconds(),
    items: chosen.map(([one, count]) => [one.id, count]),
    told: `${voucher.who}：${chosen.map(([one, count]) => `${one.name} ${count} ${one.measure}`).join("、")}，${points} 分`,
    state: "waiting",
    answer: "",
  };
  write(SALES, [...sales(), sale]);
  form.hidden = true;
  byId("handed-what").textContent = sale.told;
  byId("handed").hidden = false;
  showSold();
}

// ---- what is shown

function showLine() {
  byId("line").textContent = navigator.onLine ? "现在有网络：请先同步。" : "现在没有网络。";
  byId("to-sync").hidden = !navigator.onLine;
}

function showGoods(list) {
  const rows = list.goods.map((one) => {
    const row = byId("goods-row").content.firstElementChild.cloneNode(true);
    const most = Math.min(99, one.stock ?? 99, one.most ?? 99);
    const field = row.querySelector("input");
    row.querySelector("label").htmlFor = field.id = field.name = `n${one.id}`;
    row.querySelector("b").textContent = one.name;
    const left = one.stock === null ? "" : `，签名单时余 ${one.stock}`;
    const limit = one.most === null ? "" : `，每户每月 ${one.most}`;
    row.querySelector("small").textContent = `${one.price} 分／${one.measure}${left}${limit}`;
    Object.assign(field, { max: most, value: 0 });
    Object.assign(field.dataset, { price: one.price, name: one.name });
    return row;
  });
  byId("goods").replaceChildren(...rows);
}

function showSold() {
  const all = sales().reverse();
  byId("sold").hidden = !all.length;
  byId("sold-list").replaceChildren(
    ...all.map((sale) => {
      const row = document.createElement("li");
      row.dataset.state = sale.state;
      row.textContent = sale.answer || `${sale.told}（没有同步）`;
      return row;
    }),
  );
}

function dated(at) {
  const options = { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat("zh-CN", { ...options, hour12: false }).format(new Date(at * 1000));
}
