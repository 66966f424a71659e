// What is wider than the screen and scrolls sideways can be reached and scrolled by the keyboard.
(() => {
  const boxes = [...document.querySelectorAll("main .wide")].filter((box) => !box.closest("#lab"));
  const look = (box) => {
    const title = box.closest("section")?.querySelector("h2, summary")?.textContent ?? "", scrolls = box.scrollWidth > box.clientWidth;
    for (const [name, value] of Object.entries({ tabindex: "0", role: "group", "aria-label": title })) scrolls ? box.setAttribute(name, value) : box.removeAttribute(name);
  };
  const watch = new ResizeObserver((seen) => seen.forEach(({ target }) => look(target)));
  for (const box of boxes) watch.observe(box);
})();
