// @ts-check
"use strict";
/**
 * The search of items and their lists. Data come as scripts beside the page, because a page that is
 * opened from disk may load nothing else: each calls `alsobought(name, packed)`. Whatever is shown
 * is set as text, never as HTML.
 *
 * @typedef {{environment: string, day: string, shards: number, chunk: number, chunks: number,
 *   metrics: string[], formulas: Record<string, string>, meanings: Record<string, string>}} Manifest
 * @typedef {{keys: string[], titles: string[], brands: string[], categories: string[],
 *   available: (number|null)[], buyers: number[], texts?: string[]}} Chunk
 * @typedef {{unit: string, market: string, relation: string, metric: string, of_x: number, n: number,
 *   y: number[], scores: (number|null)[], both: number[], expected: number[], of_y: number[],
 *   kinds: (string|null)[]|null, median: number|null, mean: number|null}} List
 * @typedef {{n: number, lists: List[]}} Item
 * @typedef {{number: number, key: string, title: string, brand: string, category: string,
 *   available: number|null, buyers: number}} Facts
 */

const SHOWN_HITS = 12;
const SHOWN_PLACES = 10;
const VERBS = { order: "held", customer: "bought" };

/** @type {Manifest} */
const manifest = JSON.parse(element("manifest").textContent || "{}");

// Data files ------------------------------------------------------------------------------------

/** @type {Map<string, (packed: string) => void>} */
const arrivals = new Map();
/** @type {Map<string, Promise<any>>} */
const loaded = new Map();

/** What every data file calls. @param {string} name @param {string} packed */
function alsobought(name, packed) {
  arrivals.get(name)?.(packed);
}
Object.assign(window, { alsobought });

/** The JSON of a data file, which is loaded once. @param {string} name @returns {Promise<any>} */
function load(name) {
  let promise = loaded.get(name);
  if (!promise) {
    promise = /** @type {Promise<string>} */ (new Promise((resolve, reject) => {
      arrivals.set(name, resolve);
      const script = document.createElement("script");
      script.src = `data/${name}.js`;
      script.onload = () => script.remove();
      script.onerror = () => reject(new Error(`data/${name}.js cannot be read.`));
      document.head.append(script);
    })).then(unpacked);
    loaded.set(name, promise);
    promise.catch(() => loaded.delete(name));
  }
  return promise;
}

/** The JSON that was packed as base64 of gzip. @param {string} packed @returns {Promise<any>} */
async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** CRC-32 of a text as UTF-8, as Python's zlib.crc32. @param {string} text @returns {number} */
function crc32(text) {
  let crc = ~0;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A chunk of the search index. @param {number} number @returns {Promise<Chunk>} */
const chunk = (number) => load(chunkName(number));
const chunkName = (/** @type {number} */ number) => `items-${String(number).padStart(4, "0")}`;

/** What is told of an item in lists. @param {number} number @returns {Promise<Facts>} */
async function factsOf(number) {
  return factsIn(await chunk(Math.floor(number / manifest.chunk)), number);
}

/** @param {Chunk} part @param {number} number @returns {Facts} */
function factsIn(part, number) {
  const at = number % manifest.chunk;
  return {
    number, key: part.keys[at], title: part.titles[at], brand: part.brands[at],
    category: part.categories[at], available: part.available[at], buyers: part.buyers[at],
  };
}

// Search ----------------------------------------------------------------------------------------

/**
 * The most bought items with all the words, and the item whose id is the text before them. Chunks
 * are read until there are enough: the most bought items are in the first ones.
 * @param {string} text @param {() => boolean} isStale
 * @param {(list: Facts[]) => void} sofar is called with what there is, after each chunk
 * @returns {Promise<Facts[]>}
 */
async function hits(text, isStale, sofar) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  /** @type {Facts[]} */
  const list = [];
  for (let number = 0; number < manifest.chunks && list.length < SHOWN_HITS; number += 1) {
    const part = await chunk(number);
    if (isStale()) return [];
    const before = list.length;
    part.texts ??= part.keys.map((key, at) =>
      `${key} ${part.titles[at]} ${part.brands[at]} ${part.categories[at]}`.toLowerCase());
    for (let at = 0; at < part.texts.length && list.length < SHOWN_HITS; at += 1) {
      const of = part.texts[at];
      if (words.every((word) => of.includes(word))) {
        list.push(factsIn(part, number * manifest.chunk + at));
      }
    }
    if (list.length > before) sofar(list);
  }
  const exact = await exactly(text.trim());
  return exact ? [exact, ...list.filter((hit) => hit.key !== exact.key)].slice(0, SHOWN_HITS) : list;
}

/** The item whose id is the text, among the chunks that are there. @param {string} text */
async function exactly(text) {
  for (let number = 0; number < manifest.chunks; number += 1) {
    if (!loaded.has(chunkName(number))) continue;
    const part = await chunk(number);
    const at = part.keys.indexOf(text);
    if (at >= 0) return factsIn(part, number * manifest.chunk + at);
  }
  return undefined;
}

/** The lists of the item that is called so. @param {string} key @returns {Promise<Item|undefined>} */
async function itemOf(key) {
  if (!key || !manifest.shards) return undefined;
  const items = await load(`lists-${String(crc32(key) % manifest.shards).padStart(4, "0")}`);
  return Object.hasOwn(items, key) ? items[key] : undefined;
}

const words = /** @type {HTMLInputElement} */ (element("words"));
const options = element("hits");
const searched = element("searched");
let question = 0;

async function search() {
  question += 1;
  const asked = question;
  const isStale = () => asked !== question;
  if (!words.value.trim()) return close();
  try {
    const list = await hits(words.value, isStale, offer);
    if (isStale()) return;
    offer(list);
    const more = list.length === SHOWN_HITS ? ", the most bought first" : "";
    searched.textContent = list.length ? `${list.length} items${more}` : "No item has all of this.";
  } catch (error) {
    searched.textContent = said(error);
  }
}

/** Show the items as options; the active one stays active. @param {Facts[]} list */
function offer(list) {
  const active = words.getAttribute("aria-activedescendant");
  options.replaceChildren(...list.map(option));
  options.hidden = list.length === 0;
  words.setAttribute("aria-expanded", String(list.length > 0));
  const still = active && document.getElementById(active);
  if (still) still.setAttribute("aria-selected", "true");
  else words.removeAttribute("aria-activedescendant");
}

/** @param {Facts} facts @param {number} place @returns {HTMLElement} */
function option(facts, place) {
  const row = make("li", "hit");
  row.id = `hit-${place}`;
  row.setAttribute("role", "option");
  row.setAttribute("aria-selected", "false");
  row.dataset.key = facts.key;
  row.append(isolated(facts.title || facts.key), make("span", "quiet", ` ${aside(facts)}`));
  row.addEventListener("mousedown", (event) => event.preventDefault());
  row.addEventListener("click", () => choose(row));
  return row;
}

/** @param {Facts} facts @returns {string} */
function aside(facts) {
  const missing = { 0: "not available", null: "not in the catalogue" };
  const parts = [facts.title ? facts.key : "", facts.brand, facts.category];
  parts.push(facts.available === 1 ? "" : missing[/** @type {0} */ (facts.available)]);
  return parts.filter(Boolean).join(" · ");
}

/** @param {HTMLElement} row */
function choose(row) {
  close();
  words.value = "";
  const hash = `#item=${encodeURIComponent(row.dataset.key || "")}`;
  if (location.hash === hash) show();
  else location.hash = hash;
}

function close() {
  question += 1;
  options.hidden = true;
  options.replaceChildren();
  searched.textContent = "";
  words.setAttribute("aria-expanded", "false");
  words.removeAttribute("aria-activedescendant");
}

/** Make the option so many places on the active one. @param {number} step */
function move(step) {
  const rows = /** @type {HTMLElement[]} */ ([...options.children]);
  if (!rows.length) return;
  const at = rows.findIndex((row) => row.getAttribute("aria-selected") === "true");
  const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : (at + step + rows.length) % rows.length;
  rows.forEach((row, place) => row.setAttribute("aria-selected", String(place === next)));
  words.setAttribute("aria-activedescendant", rows[next].id);
  rows[next].scrollIntoView({ block: "nearest" });
}

words.addEventListener("input", () => {
  words.removeAttribute("aria-activedescendant");
  search();
});
words.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown") move(1);
  else if (event.key === "ArrowUp") move(-1);
  else if (event.key === "Escape") close();
  else if (event.key === "Enter") {
    const row = options.querySelector("[aria-selected=true]") || options.firstElementChild;
    if (row) choose(/** @type {HTMLElement} */ (row));
  } else return;
  event.preventDefault();
});
words.addEventListener("blur", () => { options.hidden = true; });
words.addEventListener("focus", () => { options.hidden = options.children.length === 0; });
document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLInputElement;
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  words.focus();
});

// An item and its lists ---------------------------------------------------------------------------

let visit = 0;

async function show() {
  const match = /^#item=(.*)$/.exec(location.hash);
  if (!match) return;
  visit += 1;
  const asked = visit;
  const fault = element("item-fault");
  fault.hidden = true;
  try {
    const key = decodeURIComponent(match[1]);
    const item = await itemOf(key);
    if (asked !== visit) return;
    if (!item) {
      element("item").hidden = true;
      fault.textContent = `No list of ${manifest.day} is of ${key}. `
        + `alsobought show --env ${manifest.environment} says why.`;
      fault.hidden = false;
      element("lists").scrollIntoView();
      return;
    }
    const numbers = new Set(item.lists.flatMap((list) => list.y));
    const pairs = [...numbers, item.n].map(async (number) => [number, await factsOf(number)]);
    const names = new Map(/** @type {[number, Facts][]} */ (await Promise.all(pairs)));
    if (asked === visit) draw(item, names);
  } catch (error) {
    fault.textContent = said(error);
    fault.hidden = false;
  }
}

/** @param {Item} item @param {Map<number, Facts>} names */
function draw(item, names) {
  const facts = /** @type {Facts} */ (names.get(item.n));
  element("item-title").replaceChildren(isolated(facts.title || facts.key));
  element("item-facts").textContent = aside(facts);
  const rank = (/** @type {List} */ list) => {
    const at = manifest.metrics.indexOf(list.metric);
    return at < 0 ? manifest.metrics.length : at;
  };
  const lists = [...item.lists].sort((a, b) => rank(a) - rank(b));
  const cards = lists.map((list) => [list, card(list, facts, names)]);
  element("item-lists").replaceChildren(...cards.map(([, node]) => /** @type {Node} */ (node)));
  element("choices").replaceChildren(
    ...["metric", "unit", "relation", "market"].map((kind) => choice(kind, lists, cards))
      .filter((node) => node !== null));
  element("item").hidden = false;
  element("item-title").focus({ preventScroll: true });
  element("item").scrollIntoView();
}

/**
 * A choice of lists by one of their kinds; null where there is only one.
 * @param {string} kind @param {List[]} lists @param {any[][]} cards
 */
function choice(kind, lists, cards) {
  const values = [...new Set(lists.map((list) => String(list[/** @type {"unit"} */ (kind)])))];
  if (values.length < 2) return null;
  const label = make("label", "", `${kind} `);
  const select = document.createElement("select");
  select.dataset.kind = kind;
  select.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
  select.addEventListener("change", () => {
    const wanted = [...document.querySelectorAll("#choices select")].map((node) =>
      /** @type {HTMLSelectElement} */ (node)).filter((node) => node.value);
    for (const [list, node] of cards) {
      node.hidden = wanted.some((other) => list[String(other.dataset.kind)] !== other.value);
    }
  });
  label.append(select);
  return label;
}

/** @param {List} list @param {Facts} item @param {Map<number, Facts>} names @returns {HTMLElement} */
function card(list, item, names) {
  const node = make("article", "card");
  const heading = make("h4", "", list.metric.replaceAll("_", " "));
  const relation = list.relation === "together" ? "" : `, ${list.relation}`;
  const market = list.market === "all" ? "" : `, ${list.market}`;
  heading.append(make("span", "quiet", ` by ${list.unit}${relation}${market}`));
  const meaning = manifest.meanings[list.metric];
  const table = make("table", "places");
  const head = make("tr");
  const headings = ["", "Related item", "Score", "N", "E", "nx", "ny"];
  if (list.kinds) headings.push("Kind");
  headings.push("");
  head.append(...headings.map((text, at) => columnHead(text, at)));
  const top = make("thead");
  top.append(head);
  const body = make("tbody");
  const best = Math.max(...list.scores.map((score) => Math.abs(score ?? 0)), 1e-300);
  list.y.forEach((_, at) => body.append(...place(list, at, best, item, names)));
  table.append(top, body);
  node.append(heading);
  if (meaning) node.append(make("p", "quiet", meaning));
  node.append(table);
  if (list.y.length > SHOWN_PLACES) node.append(moreButton(node, list.y.length));
  return node;
}

/** @param {string} text @param {number} at */
function columnHead(text, at) {
  const cell = make("th", at === 1 || text === "Kind" ? "" : "n");
  cell.setAttribute("scope", "col");
  if (text === "nx" || text === "ny") {
    cell.append("n", make("sub", "", text[1]));
  } else cell.textContent = text;
  if (!text) cell.append(make("span", "unseen", at ? "Why" : "Rank"));
  return cell;
}

/** @param {HTMLElement} node @param {number} length */
function moreButton(node, length) {
  const button = make("button", "more", `All ${length} places`);
  button.setAttribute("type", "button");
  button.addEventListener("click", () => {
    node.classList.add("whole");
    button.remove();
  });
  return button;
}

/**
 * The row of a place, and the row that explains it.
 * @param {List} list @param {number} at @param {number} best
 * @param {Facts} item @param {Map<number, Facts>} names @returns {HTMLElement[]}
 */
function place(list, at, best, item, names) {
  const other = /** @type {Facts} */ (names.get(list.y[at]));
  const later = at >= SHOWN_PLACES ? " later" : "";
  const row = make("tr", `place${later}`);
  const link = document.createElement("a");
  link.href = `#item=${encodeURIComponent(other.key)}`;
  link.append(isolated(other.title || other.key));
  const name = make("td", "name");
  name.append(link, bar(Math.abs(list.scores[at] ?? 0) / best));
  row.append(make("td", "n rank", String(at + 1)), name, number("Score", figure(list.scores[at])),
    number("N", whole(list.both[at])), number("E", figure(list.expected[at])),
    number("nx", whole(list.of_x)), number("ny", whole(list.of_y[at])));
  if (list.kinds) row.append(make("td", "kind", list.kinds[at] ?? ""));
  const why = make("td", "why");
  const button = make("button", "", "why");
  button.setAttribute("type", "button");
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-label", `Why is ${other.title || other.key} here?`);
  why.append(button);
  row.append(why);
  const more = make("tr", `because${later}`);
  const cell = document.createElement("td");
  cell.colSpan = list.kinds ? 9 : 8;
  more.hidden = true;
  more.append(cell);
  button.addEventListener("click", () => {
    if (!cell.childNodes.length) {
      cell.append(...because(list, at, item, other).map((text) => isolated(text, "p")));
    }
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
  });
  return [row, more];
}

/**
 * Why a pair ranks where it does, in sentences with its numbers.
 * @param {List} list @param {number} at @param {Facts} item @param {Facts} other
 * @returns {string[]}
 */
function because(list, at, item, other) {
  const [x, y] = [item.title || item.key, other.title || other.key];
  const units = `${list.unit}s`;
  const verb = VERBS[/** @type {"order"} */ (list.unit)] ?? "had";
  const [both, expected] = [list.both[at], list.expected[at]];
  const busy = list.median === null || list.relation !== "together" ? ""
    : `, given what else those ${units} ${verb}: a median of ${whole(list.median)} other items`
      + `, ${figure(list.mean)} on average`;
  const formula = (manifest.formulas[list.metric] ?? "").replaceAll(/\{(\w+)\}/g, (_, sign) => ({
    N: whole(both), E: figure(expected), n: whole(list.n), n_x: whole(list.of_x),
    n_y: whole(list.of_y[at]) }[/** @type {"N"} */ (sign)]));
  const score = figure(list.scores[at]);
  const said = /[{}√/·−]/.test(manifest.formulas[list.metric] ?? "");
  return [
    `${whole(both)} of ${whole(list.of_x)} ${units} that ${verb} ${x} also ${verb} ${y}; of all `
      + `${whole(list.n)} ${units}, ${whole(list.of_y[at])} ${verb} it.`,
    `${figure(expected)} were expected by chance${busy}.`,
    `That is ${figure(both / expected)} times as many as expected.`,
    said ? `${list.metric} = ${formula} = ${score}` : `${list.metric} = ${score}: ${formula}`,
  ];
}

/** A bar as long as a share of its place. @param {number} share @returns {Element} */
function bar(share) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "share");
  svg.setAttribute("viewBox", "0 0 100 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  rect.setAttribute("width", String(100 * share));
  rect.setAttribute("height", "1");
  svg.append(rect);
  return svg;
}

// Small things ------------------------------------------------------------------------------------

/** @param {string} id @returns {HTMLElement} */
function element(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`There is no #${id}.`);
  return node;
}

/** @param {string} tag @param {string} [kind] @param {string} [text] @returns {HTMLElement} */
function make(tag, kind = "", text = "") {
  const node = document.createElement(tag);
  if (kind) node.className = kind;
  if (text) node.textContent = text;
  return node;
}

/** Text that may run in either direction. @param {string} text @param {string} [tag] */
function isolated(text, tag = "bdi") {
  const node = make(tag, "", text);
  if (tag !== "bdi") node.dir = "auto";
  return node;
}

/** A cell with a number; its name is shown where the table is narrow.
 * @param {string} name @param {string} text @returns {HTMLElement} */
function number(name, text) {
  const cell = make("td", "n", text);
  cell.dataset.name = name;
  return cell;
}

/** @param {number} value */
const whole = (value) => value.toLocaleString("en");

/** Four significant digits, never as a power of ten. @param {number|null} value @returns {string} */
function figure(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const digits = value ? Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))) : 0;
  const most = Math.min(digits, 20);
  return value.toLocaleString("en", { minimumFractionDigits: most, maximumFractionDigits: most });
}

/** @param {unknown} error @returns {string} */
const said = (error) => error instanceof Error ? error.message : String(error);

window.addEventListener("hashchange", show);
show();
// The index is read while the reader reads, so that the first word finds it there.
const idle = window.requestIdleCallback ?? ((/** @type {() => void} */ task) => setTimeout(task, 200));
idle(async () => {
  for (let number_ = 0; number_ < Math.min(manifest.chunks, 32); number_ += 1) await chunk(number_);
});
