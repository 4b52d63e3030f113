// The counter: scan with a camera where the browser can, print, take the next one. Everything works without it.

const byId = (id) => document.getElementById(id);
const typed = byId("typed");
if (typed) {
  typed.focus();
  offerCamera(byId("scan"));
}
const printer = byId("print");
if (printer) {
  printer.hidden = false;
  printer.addEventListener("click", () => window.print());
}

async function offerCamera(button) {
  if (!("BarcodeDetector" in window) || !navigator.mediaDevices?.getUserMedia) return;
  const formats = await BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!formats.includes("qr_code")) return;
  const video = byId("camera");
  const note = byId("camera-note");
  let stream = null;
  button.hidden = false;
  button.addEventListener("click", async () => {
    if (stream) return stop();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      note.textContent = "没有打开相机，请用扫码枪或手输。";
      note.hidden = false;
      return;
    }
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    look(new BarcodeDetector({ formats: ["qr_code"] }));
  });
  window.addEventListener("pagehide", stop);

  async function look(detector) {
    while (stream) {
      const [found] = await detector.detect(video).catch(() => []);
      if (found?.rawValue) {
        stop();
        typed.value = found.rawValue;
        return typed.form.requestSubmit();
      }
      await new Promise((done) => setTimeout(done, 120));
    }
  }

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.hidden = true;
  }
}
