// Finds out whether this frame can keep a session before the EHR's one-time launch is spent on it.
(() => {
  "use strict";
  const main = document.getElementById("launch");
  const framed = window.top !== window.self;
  const LONGEST_LAYOUT = 1000; // milliseconds; a frame on a hidden tab has no layout either

  const show = (id) => {
    for (const section of main.querySelectorAll("section")) section.hidden = section.id !== id;
    main.classList.remove("waiting");
  };
  // whoever has just pressed a button that is gone needs a place to be
  const moveTo = (id) => {
    show(id);
    document.getElementById(`${id}-title`).focus();
  };
  // Chromium leaves a frame blank for good that moves on before the page around it is laid out.
  const laidOut = async () => {
    const until = Date.now() + LONGEST_LAYOUT;
    while (!main.getBoundingClientRect().width && Date.now() < until)
      await new Promise((done) => setTimeout(done, 20));
  };
  const go = async () => {
    if (framed) await laidOut();
    window.location.replace(main.dataset.go);
  };

  const probe = async () => {
    try {
      const answer = await fetch("/launch/probe", { credentials: "same-origin", cache: "no-store" });
      return (await answer.json()).kept === true;
    } catch {
      return false;
    }
  };
  // the first answer sets the cookie anew, which counts where access was given meanwhile
  const kept = async () => (await probe()) || (await probe());

  const permission = async () => {
    if (!framed || typeof document.requestStorageAccess !== "function") return "denied";
    try {
      return (await navigator.permissions.query({ name: "storage-access" })).state;
    } catch {
      return "prompt"; // a browser that cannot say has to be asked
    }
  };
  const allowed = async () => {
    try {
      await document.requestStorageAccess();
      return await kept();
    } catch {
      return false;
    }
  };

  const giveUp = (present) => {
    if (!main.dataset.ownWindow) go();
    else present(framed ? "outside" : "nowhere");
  };
  const offerToAsk = () => {
    const button = document.getElementById("allow");
    button.addEventListener("click", async () => {
      button.disabled = true;
      if (await allowed()) go();
      else giveUp(moveTo);
    });
    show("ask");
  };

  const start = async () => {
    if (main.dataset.kept === "yes" || (await kept())) return go();
    const state = await permission();
    if (state === "granted" && (await allowed())) return go();
    return state === "prompt" ? offerToAsk() : giveUp(show);
  };

  const open = document.getElementById("open");
  if (open) open.addEventListener("click", () => moveTo("opened"));
  start();
})();
