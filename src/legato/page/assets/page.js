"use strict";
// What scrolls says so: a line above a table that is wider than its place, and a shadow on each side that hides more.
function tellScrolling(box, hint = null) {
  const tell = () => {
    const [across, down] = [box.scrollWidth - box.clientWidth, box.scrollHeight - box.clientHeight];
    box.classList.toggle("more-left", box.scrollLeft > 1);
    box.classList.toggle("more-right", box.scrollLeft < across - 1);
    box.classList.toggle("more-down", box.scrollTop < down - 1);
    if (!hint) return;
    hint.hidden = across < 2;
    if (across < 2) box.removeAttribute("tabindex"); else box.tabIndex = 0; // no stop for the keyboard without need
  };
  box.addEventListener("scroll", tell, { passive: true });
  new ResizeObserver(tell).observe(box);
  tell();
  return tell;
}
for (const box of document.querySelectorAll(".scroll")) {
  const hint = Object.assign(document.createElement("p"), { className: "hint", textContent: "Scroll sideways to see all columns →" });
  box.before(hint);
  tellScrolling(box, hint);
}
