// Puts a copy button beside each value; without scripts the values can still be marked and copied.
"use strict";

const status = document.getElementById("copied");

async function copy(value, label, button) {
  const text = value.textContent;
  try {
    await navigator.clipboard.writeText(text);
    status.textContent = `Copied: ${label}`;
    button.textContent = "Copied";
    clearTimeout(copy.fading);
    copy.fading = setTimeout(() => { status.textContent = ""; }, 2500);
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  } catch {
    getSelection().selectAllChildren(value);
    status.textContent = "This browser does not allow copying: the value is marked, press Ctrl+C.";
  }
}

for (const cell of document.querySelectorAll("[data-copy]")) {
  const value = cell.firstElementChild;
  const label = cell.previousElementSibling.firstChild.textContent.trim();
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${label}`);
  button.addEventListener("click", () => copy(value, label, button));
  cell.append(button);
}
