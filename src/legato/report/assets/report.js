// The list of tracks: filters, sorting, and only the rows that can be seen; a track's details are a file of their own.
const legato = (() => {
  const SPARE = 8; // rows kept above and below what is seen
  const COLUMN = { id: 0, category: 1, prompt: 2, bpm: 3, license: 7 };
  const WIDE = "(min-width: 68.01rem)"; // the details stand beside the list, as in report.css
  const UNKNOWN = { bpm: "not known", key: "no key" }; // what a dash stands for
  const find = (selector, within = document) => within.querySelector(selector);
  const make = (tag, facts, ...inside) => {
    const made = Object.assign(document.createElement(tag), facts);
    made.append(...inside);
    return made;
  };
  const form = find(".filters");
  const list = find(".list");
  const rows = find(".rows");
  const panel = find(".track");
  const heads = [...document.querySelectorAll("[data-column]")].map((button) => button.parentElement);
  const tell = list && tellScrolling(list);
  let all = [];
  let phrases = {};
  let shown = [];
  let order = { column: 0, sign: 1 };
  let active = 0; // of `shown`: the row that has the focus
  let chosen = null;
  let goes = false; // to the details when they are there

  const rowHeight = () => parseFloat(getComputedStyle(list).getPropertyValue("--row"));
  const isKnown = (value) => value !== null && value !== undefined && value !== "";

  // What is not known comes last, whichever way the rest is sorted.
  function compare(a, b) {
    const [x, y] = [a[order.column], b[order.column]];
    if (isKnown(x) !== isKnown(y)) return isKnown(x) ? -1 : 1;
    const by = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return order.sign * by || String(a[0]).localeCompare(String(b[0]));
  }

  function sort(column, sign) {
    order = { column, sign };
    form.order.value = `${column} ${sign}`;
    heads.forEach((head, at) => head.setAttribute("aria-sort", at !== column ? "none" : sign > 0 ? "ascending" : "descending"));
    filter();
  }

  function filter() {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [low, high] = [form.low.value, form.high.value];
    const isBetween = (bpm) => (low === "" && high === "")
      || (isKnown(bpm) && (low === "" || bpm >= Number(low)) && (high === "" || bpm <= Number(high)));
    shown = all.filter((row) => {
      const text = row.join(" ").toLowerCase();
      return words.every((word) => text.includes(word))
        && (!form.category.value || row[COLUMN.category] === form.category.value)
        && (!form.license.value || row[COLUMN.license] === form.license.value)
        && isBetween(row[COLUMN.bpm]);
    }).sort(compare);
    find("output", form).textContent = `${shown.length} of ${all.length} track${all.length === 1 ? "" : "s"}`;
    list.setAttribute("aria-rowcount", shown.length + 1);
    active = 0;
    list.scrollTop = 0;
    draw();
  }

  function clear() {
    for (const name of ["words", "category", "license", "low", "high"]) form[name].value = "";
    filter();
    form.words.focus();
  }

  const headHeight = () => find(".head").offsetHeight; // it covers the first rows, and is not there on a small screen

  function draw() {
    const height = rowHeight();
    const first = Math.max(0, Math.floor(list.scrollTop / height) - SPARE);
    const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / height) + SPARE);
    const hadFocus = rows.contains(document.activeElement);
    rows.style.height = shown.length ? `${shown.length * height}px` : "";
    if (shown.length) {
      rows.replaceChildren(...Array.from({ length: Math.max(0, last - first) }, (_, at) => line(first + at, height)));
    } else {
      const button = make("button", { type: "button", textContent: "Clear the filters", onclick: clear });
      rows.replaceChildren(make("p", { className: "none" }, "No track is like that.", button));
    }
    if (hadFocus) focus();
    tell();
  }

  function line(at, height) {
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", at + 2);
    row.setAttribute("aria-selected", shown[at][0] === chosen);
    row.tabIndex = at === active ? 0 : -1;
    row.style.top = `${at * height}px`;
    row.dataset.at = at;
    row.append(...shown[at].map((value, column) => {
      const head = heads[column];
      const cell = make("div", { className: head.className, title: value ?? UNKNOWN[head.className] ?? "none", hidden: head.hidden });
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-colindex", column + 1);
      cell.classList.toggle("unknown", !isKnown(value));
      cell.append(...inside(value, head, shown[at]));
      return cell;
    }));
    return row;
  }

  // What a cell shows; of an id the number is an element of its own, so that it is never what is cut.
  function inside(value, head, row) {
    if (!isKnown(value)) return ["–"];
    const kind = head.className;
    if (kind === "id") {
      const [, stem, number] = String(value).match(/^(.*?)(_?\d*)$/);
      const first = make("span", { className: "stem" }, stem);
      first.style.setProperty("--number", `${number.length + 0.5}ch`);
      return [first, make("span", { className: "number" }, number)];
    }
    if (kind === "prompt") {
      const phrase = `${phrases[row[COLUMN.category]]}, `;
      return [value.startsWith(phrase) ? value.slice(phrase.length) : value];
    }
    if (kind === "key") return [value.replace(" sharp", "♯").replace(" flat", "♭")];
    if (kind === "seconds") return [clock(value)];
    if (typeof value === "number") return [value.toFixed(head.dataset.digits).replace("-", "−")];
    return [value];
  }

  function clock(seconds) { // as `legato.page.figures.clock`
    const whole = Math.round(seconds);
    const pad = (figure) => String(figure).padStart(2, "0");
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, pad(whole % 60)];
    return hours ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
  }

  function focus() {
    find(`[data-at="${active}"]`, rows)?.focus({ preventScroll: true });
  }

  function move(to) {
    if (!shown.length) return;
    active = Math.max(0, Math.min(shown.length - 1, to));
    const [height, seen] = [rowHeight(), list.clientHeight - headHeight()];
    const top = active * height;
    if (top < list.scrollTop) list.scrollTop = top;
    if (top + height > list.scrollTop + seen) list.scrollTop = top + height - seen;
    draw();
    focus();
  }

  function open(row, goesThere = true) {
    chosen = row[0];
    goes = goesThere;
    draw();
    const script = document.createElement("script");
    script.src = `page/tracks/${row[COLUMN.category]}/${chosen}.js`;
    script.onerror = () => panel.replaceChildren(make("p", { className: "absent" }, `${script.src}: cannot be read`));
    document.body.append(script);
    script.onload = () => script.remove();
  }

  function paint(within) {
    // dark blue, violet, orange, light yellow: brighter is more, for every kind of colour vision
    const colours = [[10, 12, 40], [88, 28, 120], [230, 110, 50], [255, 245, 180]];
    for (const canvas of within.querySelectorAll("canvas[data-pixels]")) {
      const values = Uint8Array.from(atob(canvas.dataset.pixels), (letter) => letter.charCodeAt(0));
      const context = canvas.getContext("2d");
      const image = context.createImageData(canvas.width, canvas.height);
      values.forEach((value, at) => {
        const place = (value / 256) * (colours.length - 1);
        const [from, to] = [colours[Math.floor(place)], colours[Math.floor(place) + 1]];
        for (let c = 0; c < 3; c++) image.data[4 * at + c] = from[c] + (to[c] - from[c]) * (place % 1);
        image.data[4 * at + 3] = 255;
      });
      context.putImageData(image, 0, 0);
    }
  }

  // One player at a time; behind the codec goes on where before it stopped, so that the two can be compared.
  document.addEventListener("play", (event) => {
    for (const other of document.querySelectorAll("audio")) {
      if (other === event.target || other.paused) continue;
      if (other.closest(".players") === event.target.closest(".track .players")) event.target.currentTime = other.currentTime;
      other.pause();
    }
  }, true);

  if (form) {
    form.addEventListener("input", filter);
    form.order.addEventListener("change", () => sort(...form.order.value.split(" ").map(Number)));
    form.addEventListener("submit", (event) => event.preventDefault());
    list.addEventListener("scroll", draw, { passive: true });
    new ResizeObserver(draw).observe(list);
    rows.addEventListener("click", (event) => {
      const row = event.target.closest("[data-at]");
      if (!row) return;
      active = Number(row.dataset.at);
      open(shown[active]);
      focus();
    });
    rows.addEventListener("keydown", (event) => {
      if (!event.target.dataset.at) return;
      const page = Math.max(1, Math.floor((list.clientHeight - headHeight()) / rowHeight()) - 1);
      const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: shown.length - 1 }[event.key];
      if (to !== undefined) move(to);
      else if (event.key === "Enter" || event.key === " ") open(shown[active]);
      else return;
      event.preventDefault();
    });
    heads.forEach((head, column) => {
      find("button", head).addEventListener("click", () => sort(column, order.column === column ? -order.sign : 1));
    });
  }
  paint(document);

  return {
    list(found, begins = {}) {
      if (!form) return;
      [all, phrases] = [found, begins];
      sort(order.column, order.sign);
      if (!chosen && shown.length && matchMedia(WIDE).matches) open(shown[0], false); // so that there is something to see
    },
    show(name, html) {
      if (name !== chosen) return;
      panel.innerHTML = html; // escaped where it was written
      paint(panel);
      if (!goes) return;
      const head = find("h3", panel);
      if (matchMedia(WIDE).matches) head.scrollIntoView({ block: "nearest" }); else panel.scrollIntoView();
      head.focus({ preventScroll: true });
    },
  };
})();
