"use strict";
// The list of tracks: filters, sorting, and only the rows that can be seen; a track's details are a file of their own.
const legato = (() => {
  const ROW = 36; // px, as in report.css
  const SPARE = 8; // rows kept above and below what is seen
  const COLUMN = { id: 0, category: 1, prompt: 2, bpm: 3, license: 7 };
  const DIGITS = { lufs: 1, seconds: 1 }; // of columns of measured numbers, so that they stand under each other
  const find = (selector, within = document) => within.querySelector(selector);
  const form = find(".filters");
  const body = find(".body");
  const rows = find(".rows");
  const panel = find(".track");
  const heads = [...document.querySelectorAll("[data-column]")];
  let all = [];
  let shown = [];
  let order = { column: 0, sign: 1 };
  let active = 0; // of `shown`: the row that has the focus
  let chosen = null;

  function compare(a, b) {
    const [x, y] = [a[order.column], b[order.column]];
    const by = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
    return order.sign * by || String(a[0]).localeCompare(String(b[0]));
  }

  function sort(column, sign) {
    order = { column, sign };
    form.order.value = `${column} ${sign}`;
    heads.forEach((head, at) => head.parentElement.setAttribute("aria-sort", at !== column ? "none" : sign > 0 ? "ascending" : "descending"));
    filter();
  }

  function filter() {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const low = form.low.value === "" ? -Infinity : Number(form.low.value);
    const high = form.high.value === "" ? Infinity : Number(form.high.value);
    shown = all.filter((row) => {
      const text = row.join(" ").toLowerCase();
      return words.every((word) => text.includes(word))
        && (!form.category.value || row[COLUMN.category] === form.category.value)
        && (!form.license.value || row[COLUMN.license] === form.license.value)
        && (low === -Infinity && high === Infinity || row[COLUMN.bpm] !== "")
        && row[COLUMN.bpm] >= low && row[COLUMN.bpm] <= high;
    }).sort(compare);
    find("output", form).textContent = `${shown.length} of ${all.length} tracks`;
    find(".list").setAttribute("aria-rowcount", shown.length + 1);
    active = 0;
    body.scrollTop = 0;
    draw();
  }

  function draw() {
    const first = Math.max(0, Math.floor(body.scrollTop / ROW) - SPARE);
    const last = Math.min(shown.length, Math.ceil((body.scrollTop + body.clientHeight) / ROW) + SPARE);
    const hadFocus = rows.contains(document.activeElement);
    rows.style.height = `${shown.length * ROW}px`;
    rows.replaceChildren(...Array.from({ length: last - first }, (_, at) => line(first + at)));
    if (hadFocus) focus();
  }

  function line(at) {
    const row = document.createElement("div");
    row.setAttribute("role", "row");
    row.setAttribute("aria-rowindex", at + 2);
    row.setAttribute("aria-selected", shown[at][0] === chosen);
    row.tabIndex = at === active ? 0 : -1;
    row.style.top = `${at * ROW}px`;
    row.dataset.at = at;
    row.append(...shown[at].map((value, column) => {
      const cell = document.createElement("div");
      cell.setAttribute("role", "gridcell");
      cell.setAttribute("aria-colindex", column + 1);
      cell.className = heads[column].parentElement.className;
      cell.textContent = typeof value !== "number" ? value : cell.className in DIGITS ? value.toFixed(DIGITS[cell.className]) : +value.toFixed(1);
      cell.title = value;
      return cell;
    }));
    return row;
  }

  function focus() {
    find(`[data-at="${active}"]`, rows)?.focus({ preventScroll: true });
  }

  function move(to) {
    if (!shown.length) return;
    active = Math.max(0, Math.min(shown.length - 1, to));
    const top = active * ROW;
    if (top < body.scrollTop) body.scrollTop = top;
    if (top + ROW > body.scrollTop + body.clientHeight) body.scrollTop = top + ROW - body.clientHeight;
    draw();
    focus();
  }

  function open(row) {
    chosen = row[0];
    draw();
    const script = document.createElement("script");
    script.src = `page/tracks/${row[COLUMN.category]}/${chosen}.js`;
    script.onerror = () => panel.replaceChildren(Object.assign(document.createElement("p"), { textContent: `${script.src}: cannot be read` }));
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
    body.addEventListener("scroll", draw, { passive: true });
    new ResizeObserver(draw).observe(body);
    rows.addEventListener("click", (event) => {
      const row = event.target.closest("[data-at]");
      if (!row) return;
      active = Number(row.dataset.at);
      open(shown[active]);
      focus();
    });
    rows.addEventListener("keydown", (event) => {
      const page = Math.max(1, Math.floor(body.clientHeight / ROW) - 1);
      const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: shown.length - 1 }[event.key];
      if (to !== undefined) move(to);
      else if (event.key === "Enter" || event.key === " ") open(shown[active]);
      else return;
      event.preventDefault();
    });
    for (const button of heads) {
      button.addEventListener("click", () => {
        const column = Number(button.dataset.column);
        sort(column, order.column === column ? -order.sign : 1);
      });
    }
  }
  paint(document);

  return {
    list(found) {
      all = found;
      if (form) sort(order.column, order.sign);
    },
    show(name, html) {
      if (name !== chosen) return;
      panel.innerHTML = html; // escaped where it was written
      paint(panel);
      if (matchMedia("(max-width: 60rem)").matches) panel.scrollIntoView();
      find("h3", panel).focus({ preventScroll: true });
    },
  };
})();
