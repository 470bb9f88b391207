(() => {
  "use strict";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const stored = (action) => { try { return action(localStorage); } catch { return null; } };
  const chosen = stored((store) => store.getItem("theme"));
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  addEventListener("DOMContentLoaded", () => {
    theme();
    languages();
    contents();
    scrolling();
  });

  function theme() {
    const button = document.getElementById("theme");
    const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
    const show = () => button.setAttribute("aria-pressed", String(isDark()));
    button.addEventListener("click", () => {
      const dark = !isDark();
      if (dark === system.matches) { // as the system has it: follow the system again
        delete root.dataset.theme;
        stored((store) => store.removeItem("theme"));
      } else {
        root.dataset.theme = dark ? "dark" : "light";
        stored((store) => store.setItem("theme", root.dataset.theme));
      }
      show();
    });
    system.addEventListener("change", show);
    button.hidden = false;
    show();
  }

  // What the reader looks at: the target of the address while it is in view, else the last anchor above.
  function place() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) {
      const box = target.getBoundingClientRect();
      if (box.bottom > 0 && box.top < innerHeight) return target.id;
    }
    let found = "";
    if (scrollY > 0) {
      for (const each of document.querySelectorAll("main [id]")) {
        if (each.getBoundingClientRect().top > 96) break; // just below the bar
        found = each.id;
      }
    }
    return found;
  }

  // The anchors are the same in every language.
  function languages() {
    for (const link of document.querySelectorAll("[data-language]")) {
      const aim = () => { link.hash = place(); };
      for (const event of ["pointerdown", "focus", "click"]) link.addEventListener(event, aim);
    }
  }

  function contents() {
    const details = document.querySelector(".contents details");
    if (!details) return;
    const narrow = matchMedia("(max-width: 62rem)");
    const fold = () => { details.open = !narrow.matches; };
    narrow.addEventListener("change", fold);
    fold();
    const links = new Map();
    for (const link of details.querySelectorAll("a")) links.set(link.hash.slice(1), link);
    const headings = [...links.keys()].map((id) => document.getElementById(id));
    let current = null;
    const follow = () => {
      let found = null;
      for (const heading of headings) {
        if (heading.getBoundingClientRect().top > innerHeight / 4) break;
        found = links.get(heading.id);
      }
      if (scrollY > 0 && scrollY + innerHeight >= root.scrollHeight - 2) found = [...links.values()].at(-1) ?? null;
      if (found === current) return;
      current?.removeAttribute("aria-current");
      found?.setAttribute("aria-current", "true");
      current = found;
    };
    addEventListener("scroll", follow, { passive: true });
    follow();
  }

  // What is wider than the page can be reached and scrolled by keyboard.
  function scrolling() {
    const name = document.querySelector("main").dataset.scrolls;
    const watch = new ResizeObserver((entries) => {
      for (const { target } of entries) {
        if (target.scrollWidth > target.clientWidth) {
          target.tabIndex = 0;
          target.setAttribute("role", "group");
          target.setAttribute("aria-label", name);
        } else {
          for (const attribute of ["tabindex", "role", "aria-label"]) target.removeAttribute(attribute);
        }
      }
    });
    for (const each of document.querySelectorAll("main pre, main .scroll, main .rich")) watch.observe(each);
  }
})();
