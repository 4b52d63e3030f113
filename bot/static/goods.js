// Baskets with − and ＋ and a running total. Everything works without it.

for (const form of document.querySelectorAll("form:has([data-basket])")) {
  const counts = [...form.querySelectorAll(".stepper__count")];
  const total = form.querySelector("[data-total]");
  counts.forEach(step);
  form.addEventListener("input", sum);
  sum();
  once(form);

  function step(field) {
    const change = (by) => {
      const most = Number(field.max);
      field.value = Math.min(most, Math.max(0, Number(field.value) + by));
      field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    field.before(button("−", `少要${field.dataset.name}`, () => change(-1)));
    field.after(button("＋", `多要${field.dataset.name}`, () => change(1)));
  }

  function sum() {
    const points = Number(form.dataset.points); // without network it is known once a card was typed
    let pieces = 0;
    let price = 0;
    for (const field of counts) {
      pieces += Number(field.value);
      price += Number(field.value) * Number(field.dataset.price);
    }
    const over = price > points;
    total.textContent = pieces ? `共 ${pieces} 件，${price} 分${over ? `，还差 ${price - points} 分` : ""}` : "";
    total.classList.toggle("total__sum_over", over);
  }
}

function button(text, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

function once(form) {
  let sending = false;
  form.addEventListener("submit", (submit) => {
    if (sending) return submit.preventDefault();
    sending = true;
  });
  window.addEventListener("pageshow", () => (sending = false));
}
