// What makes the pages for residents handier. Everything works without it.

const DRAFT_MS = 24 * 3600 * 1000;
const PHOTO_SIDE = 1600;
const byId = (id) => document.getElementById(id);

const form = byId("report");
if (form) {
  keepDraft(form);
  countLetters(byId("text"), byId("text-left"));
  preparePhotos(form);
  offerPin(form);
  sendOnce(form);
}
const sent = byId("sent");
if (sent) forget(sent.dataset.code);
for (const button of document.querySelectorAll("[data-copy]")) offerCopy(button);
switchInPlace(byId("elder-switch"));

// ---- the draft: text and place, never the phone number (phones are shared) ----

function keepDraft(form) {
  const key = draftKey(form.dataset.code);
  const fields = [form.text, form.place];
  const draft = recall(key);
  if (draft && Date.now() - draft.at < DRAFT_MS) {
    for (const field of fields) field.value ||= draft[field.name] ?? "";
  }
  form.addEventListener("input", () => {
    store(key, { at: Date.now(), text: form.text.value, place: form.place.value });
  });
}

function draftKey(code) {
  return `mashang.draft.${code}`;
}

// A browser may forbid storage (private windows): then there is no draft, and nothing else changes.
function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {}
}

function forget(code) {
  try {
    localStorage.removeItem(draftKey(code));
  } catch {}
}

function countLetters(field, note) {
  const show = () => {
    const left = field.maxLength - field.value.length;
    note.textContent = left < 200 ? `还可写 ${left} 字` : "";
  };
  field.addEventListener("input", show);
  show();
}

// ---- photos: shown small, made smaller before they travel, each can be taken away again ----

function preparePhotos(form) {
  const field = byId("photos");
  const list = byId("photo-list");
  const add = field.parentElement;
  const note = byId("photos-note");
  const max = 3;
  let chosen = [];

  field.addEventListener("change", () => {
    const fresh = [...field.files];
    const room = max - chosen.length;
    const taken = fresh.slice(0, room);
    say(fresh.length > room ? `最多 ${max} 张照片，多的没有加上。` : "");
    chosen = chosen.concat(taken);
    show();
    for (const file of taken) replaceBySmall(file);
  });

  // The photo is in the form at once and gives way to its small form when that is ready.
  async function replaceBySmall(file) {
    const small = await shrink(file);
    chosen = chosen.map((other) => (other === file ? small : other));
    handOver(field, chosen);
  }

  function show() {
    handOver(field, chosen);
    for (const old of list.querySelectorAll(".photos__one")) {
      URL.revokeObjectURL(old.querySelector("img").src);
      old.remove();
    }
    chosen.forEach((file, index) => list.insertBefore(thumbnail(file, index), add));
    add.hidden = chosen.length >= max;
  }

  function thumbnail(file, index) {
    const box = document.createElement("div");
    const image = document.createElement("img");
    const drop = document.createElement("button");
    box.className = "photos__one";
    image.src = URL.createObjectURL(file);
    image.alt = `第 ${index + 1} 张照片`;
    drop.type = "button";
    drop.setAttribute("aria-label", `去掉第 ${index + 1} 张照片`);
    drop.addEventListener("click", () => {
      chosen.splice(index, 1);
      say("");
      show();
      field.focus();
    });
    box.append(image, drop);
    return box;
  }

  function say(text) {
    note.textContent = text;
    note.hidden = !text;
  }
}

// Old browsers cannot fill a file field: they keep the last choice, which is what they show.
function handOver(field, files) {
  try {
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    field.files = carrier.files;
  } catch {}
}

// A photo as a JPEG of at most PHOTO_SIDE pixels: quick over a weak network, and without its GPS data.
async function shrink(file) {
  try {
    const picture = await createImageBitmap(file);
    const scale = Math.min(1, PHOTO_SIDE / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob ? new File([blob], "photo.jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file; // the server says in words what is wrong with it
  }
}

// ---- the pin ----

function offerPin(form) {
  if (!navigator.geolocation || !window.isSecureContext) return;
  const ask = byId("pin-ask");
  const askText = byId("pin-ask-text");
  const note = byId("pin-note");
  byId("pin").hidden = false;
  if (form.lat.value) attached("");

  ask.addEventListener("click", () => {
    if (form.lat.value) return remove();
    note.textContent = "正在定位……";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.lat.value = coords.latitude.toFixed(6);
        form.lng.value = coords.longitude.toFixed(6);
        attached(`，误差约 ${Math.max(1, Math.round(coords.accuracy))} 米`);
      },
      () => (note.textContent = "没有拿到位置，请写一下地点。"),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });

  function attached(about) {
    note.textContent = `已带上位置${about}。`;
    askText.textContent = "不带位置了";
  }

  function remove() {
    form.lat.value = form.lng.value = note.textContent = "";
    askText.textContent = "带上我现在的位置";
  }
}

// ---- sending ----

function sendOnce(form) {
  const button = byId("send");
  let sending = false;
  form.addEventListener("submit", (submit) => {
    if (sending) return submit.preventDefault();
    sending = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = "正在提交，请稍候……";
  });
  // Coming back to a page the browser kept: it may be sent again.
  window.addEventListener("pageshow", () => {
    sending = false;
    button.removeAttribute("aria-disabled");
    button.textContent = "提交";
  });
}

function offerCopy(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
      button.textContent = "已复制";
    } catch {
      button.textContent = "请长按左边复制";
    }
  });
}

// Large type at once, without losing chosen photos; the address says the same, for a reload.
function switchInPlace(link) {
  link?.addEventListener("click", (click) => {
    click.preventDefault();
    const elder = document.documentElement.classList.toggle("elder");
    link.textContent = elder ? "标准版" : "大字版";
    const here = location.pathname;
    history.replaceState(null, "", elder ? `${here}?elder=1` : here);
    link.href = elder ? here : `${here}?elder=1`;
    if (form) form.action = elder ? `${here}?elder=1` : here;
    for (const other of document.querySelectorAll("a.weui-btn[href^='/']")) {
      other.href = other.pathname + (elder ? "?elder=1" : "");
    }
  });
}
