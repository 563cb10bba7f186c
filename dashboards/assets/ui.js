window.dash_clientside = Object.assign({}, window.dash_clientside, {
  wristchart: (function () {
    const skip = () => window.dash_clientside.no_update;
    const set = (id, props) => window.dash_clientside.set_props(id, props);
    const visit = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join("");
    const LONGEST_WAIT = 15000; // a server that goes away never says that an answer was its last
    const begun = {};
    let watching = false;
    let chosen = null; // the range that the reader chose last

    function read(dark, narrow) {
      return { theme: dark.matches ? "dark" : "light", compact: narrow.matches, visit: visit };
    }

    // Which theme and width the server draws for; pushed again when the reader changes either.
    function viewport(pathname) {
      if (!pathname) return skip();
      const dark = window.matchMedia("(prefers-color-scheme: dark)");
      const narrow = window.matchMedia("(max-width: 760px)");
      if (!watching) {
        watching = true;
        const push = () => set("viewport", { data: read(dark, narrow) });
        dark.addEventListener("change", push);
        narrow.addEventListener("change", push);
        follow();
      }
      return read(dark, narrow);
    }

    // One question at a time: a server that is slow is not asked the same again meanwhile.
    function mayAsk(what, isAsking) {
      if (isAsking && Date.now() - (begun[what] || 0) < LONGEST_WAIT) return false;
      begun[what] = Date.now();
      return true;
    }

    // No refresh while nobody looks, nor while a note is being typed: it would take the words away.
    function tick(count, pathname, isAsking) {
      const typing = document.activeElement && document.activeElement.closest(".more[open]");
      if (!pathname || document.hidden || typing) return skip();
      return mayAsk("findings", isAsking) ? count || 0 : skip();
    }

    // Every half minute, and with every tick while something is missing that may come back.
    function look(slow, ticks, again, isAsking) {
      const bySlow = window.dash_clientside.callback_context.triggered.some((one) => one.prop_id.startsWith("slow"));
      if (document.hidden || !(bySlow || again)) return skip();
      return mayAsk("timeline", isAsking) ? `${slow || 0}/${ticks}` : skip();
    }

    // Until the chosen range is drawn, what is shown is of another one.
    function dim(isStale) {
      // by the document: a property would have all within drawn anew, twice for each click
      for (const id of ["summary", "timeline-image", "verdicts"])
        document.getElementById(id).setAttribute("aria-busy", String(isStale));
      document.getElementById("reading").textContent = isStale ? "Reading…" : "";
    }

    function isStale(graph) {
      return Boolean(chosen && graph && graph.layout.meta && graph.layout.meta.days !== chosen);
    }

    function timeline() {
      return document.querySelector("#timeline .js-plotly-plot");
    }

    // Hears of what Plotly did, from when there is a graph on.
    function follow() {
      const graph = timeline();
      if (!graph || !graph.on) return setTimeout(follow, 100);
      graph.on("plotly_react", () => dim(isStale(graph)));
      // Plotly's own way back is to a range of its choice: the figure was first drawn empty.
      graph.on("plotly_doubleclick", () =>
        window.Plotly.relayout(graph, { "xaxis.range": graph.layout.meta.range.slice() }));
    }

    function pressed() {
      const trigger = window.dash_clientside.callback_context.triggered[0];
      return trigger && trigger.value ? window.dash_clientside.callback_context.triggered_id : null;
    }

    function chooseRange(clicks) {
      const button = pressed();
      if (!button) return [skip(), clicks.map(skip)];
      const days = window.dash_clientside.callback_context.inputs_list[0].map((input) => input.id.days);
      chosen = button.days;
      dim(isStale(timeline()));
      return [button.days, days.map((each) => String(each === button.days))];
    }

    function chooseStrip() {
      const button = pressed();
      if (!button) return skip();
      document.getElementById("ecg-panel").scrollIntoView({ block: "nearest" });
      return button.finding;
    }

    function toggleTable(clicks) {
      const shown = clicks % 2 === 1;
      return [shown, String(shown), shown ? "Hide table" : "Show as table"];
    }

    // The server builds tables only while they are shown.
    function askTables(shown, range, asked) {
      const wanted = shown ? range : null;
      return wanted === (asked || null) ? skip() : wanted;
    }

    function element(name, props, children) {
      const made = Object.assign(document.createElement(name), props);
      made.append(...children);
      return made;
    }

    function row(cells) {
      const [first, ...rest] = cells;
      const head = element("th", { scope: "row", textContent: first }, []);
      return element("tr", {}, [head, ...rest.map((text) => element("td", { textContent: text }, []))]);
    }

    function table(content) {
      const heads = content.head.map((text) => element("th", { scope: "col", textContent: text }, []));
      const made = element("table", {}, [
        element("caption", { textContent: content.caption }, []),
        element("thead", {}, [element("tr", {}, heads)]),
        element("tbody", {}, content.rows.map(row)),
      ]);
      return element("div", { className: "scroll", tabIndex: 0, role: "region", ariaLabel: content.caption }, [made]);
    }

    function drawTables(contents) {
      document.getElementById("table").replaceChildren(...(contents || []).map(table));
      return skip();
    }

    return { look, askTables, drawTables, viewport, tick, chooseRange, chooseStrip, toggleTable };
  })(),
});

// A list that is drawn anew drops the focus of the button that was pressed in it: give it a place.
document.addEventListener("click", (event) => {
  if (!event.target.closest(".act, .decide")) return;
  const title = document.getElementById("attention-title");
  const list = title && title.closest("section");
  const watch = new MutationObserver(() => {
    if (document.activeElement !== document.body) return; // not drawn anew yet
    watch.disconnect();
    title.focus();
  });
  if (list) watch.observe(list, { childList: true, subtree: true });
  setTimeout(() => watch.disconnect(), 10000);
});
