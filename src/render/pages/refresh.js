// An open page refreshes itself: the content is replaced where it stands, and screen readers are told once the reader has
// paused. Without this script the page is complete, and the reader reloads it.
(() => {
  "use strict";
  const EVERY = 30_000;
  const content = () => document.getElementById("content");
  const announcement = document.getElementById("announcement");
  let etag = null;
  let shown = content().innerHTML;
  let timer = 0;
  let ended = false;

  const replace = (page) => {
    const fresh = page.getElementById("content");
    if (!fresh || fresh.innerHTML === shown) {
      return false;
    }
    const { scrollX, scrollY } = window;
    shown = fresh.innerHTML;
    content().replaceChildren(...document.adoptNode(fresh).childNodes);
    document.title = page.title;
    window.scrollTo({ left: scrollX, top: scrollY, behavior: "instant" });
    return true;
  };

  // A link that has ended shows the page that says so, and asks no more.
  const end = (page) => {
    ended = true;
    document.title = page.title;
    document.body.replaceChildren(...document.adoptNode(page.body).childNodes);
  };

  const refresh = async () => {
    let next = EVERY;
    try {
      const headers = { "Page-Refresh": "1", ...(etag && { "If-None-Match": etag }) };
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin", headers });
      if (answer.ok || answer.status === 404) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (answer.status === 404) {
          end(page);
          return;
        }
        etag = answer.headers.get("ETag");
        if (replace(page)) {
          announcement.textContent = "";
          announcement.textContent = announcement.dataset.text;
        }
      } else if (answer.status !== 304) {
        next = Math.max(EVERY, 1000 * Number(answer.headers.get("Retry-After") ?? 0));
      }
    } catch {
      // The service or the network is away: the page stays as it is until the next time.
    }
    timer = setTimeout(refresh, next);
  };

  // A page that nobody looks at asks nothing. As soon as somebody looks again, it is brought up to date.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible" && !ended) {
      refresh();
    }
  });
  timer = setTimeout(refresh, EVERY);
})();
