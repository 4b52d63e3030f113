// What the page asks the sandbox for.

async function answer(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.error);
  return body;
}

export const cast = async () => answer(await fetch("/sandbox/api/cast"));

export async function history(chat) {
  return (await answer(await fetch(`/sandbox/api/history?chat=${encodeURIComponent(chat)}`))).lines;
}

// Resolves when the bot has answered; the bubbles come over `live`.
export async function say(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return answer(await fetch("/sandbox/api/say", { method: "POST", body: form }));
}

// The browser reconnects by itself and asks for what it missed; a sandbox started anew has another run.
export function live(run, { line, connected }) {
  const source = new EventSource("/sandbox/api/live");
  source.addEventListener("hello", (event) => {
    if (event.data !== run) location.reload();
    connected(true);
  });
  source.addEventListener("error", () => connected(false));
  source.addEventListener("message", (event) => line(JSON.parse(event.data)));
}
