// Finds out whether this frame can keep a session before the EHR's one-time launch is spent on it.
(() => {
  "use strict";
  const main = document.getElementById("launch");

  const show = (id) => {
    for (const section of main.querySelectorAll("section")) section.hidden = section.id !== id;
  };
  const go = () => window.location.replace(main.dataset.go);

  // the page set a probe cookie when it was loaded: does it come back?
  const kept = async () => {
    try {
      const answer = await fetch("/launch/probe", { credentials: "same-origin", cache: "no-store" });
      return (await answer.json()).kept === true;
    } catch {
      return false;
    }
  };

  const askedBefore = () => new URLSearchParams(window.location.search).has("asked");

  // after permission the page is loaded anew: only a navigation shows what the sign-in will meet
  const ask = async () => {
    try {
      await document.requestStorageAccess();
      const again = new URL(window.location.href);
      again.searchParams.set("asked", "1");
      window.location.replace(again);
    } catch {
      show("outside");
    }
  };

  const start = async () => {
    const framed = window.top !== window.self;
    if (!framed || main.dataset.kept === "yes" || (!askedBefore() && (await kept()))) {
      go();
    } else if (typeof document.requestStorageAccess === "function" && !askedBefore()) {
      document.getElementById("allow").addEventListener("click", ask);
      show("ask");
    } else {
      show("outside");
    }
  };

  start();
})();
