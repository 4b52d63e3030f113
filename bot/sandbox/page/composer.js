// A text field that grows with its text; Enter sends, Shift+Enter begins a new line.

const HEIGHT_MAX = 120;

export function composer(form, field, send) {
  const grow = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, HEIGHT_MAX)}px`;
  };
  field.addEventListener("input", grow);
  field.addEventListener("keydown", (event) => {
    // While an input method is open, Enter picks a word.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return field.focus();
    field.value = "";
    grow();
    send(text);
  });
  return {
    fill(text) {
      field.value = text;
      grow();
      field.focus();
    },
  };
}
