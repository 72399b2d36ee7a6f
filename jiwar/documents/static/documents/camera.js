// A still from this machine's camera becomes the file of the form. Without a camera, or without this file, a picture is
// chosen; a telephone offers its own camera for that.
"use strict";

const part = document.querySelector("[data-camera]");

async function open(video) {
  const wanted = { facingMode: part.dataset.camera, width: { ideal: 2560 }, height: { ideal: 1440 } };
  video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wanted });
  await video.play();
  // Until its first whole frame a camera shows two pixels.
  for (let waited = 0; video.videoWidth < 100; waited += 50) {
    if (waited > 5000) throw new Error("no frame");
    await new Promise((done) => setTimeout(done, 50));
  }
}

function take(video, form) {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d").drawImage(video, 0, 0);
  for (const track of video.srcObject.getTracks()) track.stop();
  canvas.toBlob((still) => {
    const files = new DataTransfer();
    files.items.add(new File([still], "camera.jpg", { type: "image/jpeg" }));
    form.elements[part.dataset.into].files = files.files;
    form.requestSubmit();
  }, "image/jpeg", 0.92);
}

if (part && navigator.mediaDevices?.getUserMedia) {
  const video = part.querySelector("video");
  const [opening, taking, refused] = ["open", "take", "refused"].map((name) => part.querySelector(`[data-${name}]`));
  part.hidden = false;
  opening.addEventListener("click", async () => {
    try {
      await open(video);
    } catch {
      refused.hidden = false;
      return;
    }
    refused.hidden = true;
    opening.hidden = true;
    video.hidden = taking.hidden = false;
    taking.focus();
  });
  taking.addEventListener("click", () => {
    video.pause();
    taking.disabled = true;
    take(video, part.closest("form"));
  });
}
