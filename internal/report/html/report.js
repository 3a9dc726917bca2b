"use strict";
// Shows the results a window at a time, filtered. Everything from the data goes
// into the page as text, never as markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const step = 100; // rows in a window
  const any = "*";
  const [ROW_CHECK, ROW_ITEM, ROW_OWNER, ROW_VERDICT, ROW_FOUND, ROW_FACTS, ROW_WAIVER] = [0, 1, 2, 3, 4, 5, 6];

  const element = (tag, attributes, ...children) => {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) e.setAttribute(name, value);
    e.append(...children);
    return e;
  };
  const isolated = (text) => element("bdi", null, text);
  const code = (text) => element("code", null, text);
  const label = (text) => element("span", { class: "label" }, text);

  const checks = data.checks.map(([id, title, severity, remediation, aliases, controls]) => ({ id, title, severity, remediation, aliases, controls }));
  const items = data.items.map(([kind, namespace, name, key, file, digest, line]) => ({ kind, namespace, name, key, file, digest, line }));
  const owners = data.owners.map(([party, element, basis, clause]) => ({ party, element, basis, clause }));
  const nobody = (party) => party || "(nobody)";

  // What each row is filtered by: the table that holds it, and its value there.
  const fields = [
    { name: "severity", title: "Severity", table: checks, column: ROW_CHECK, value: (c) => c.severity },
    { name: "verdict", title: "Verdict", table: data.verdicts, column: ROW_VERDICT, value: (v) => v },
    { name: "party", title: "Party", table: owners, column: ROW_OWNER, value: (o) => o.party, show: nobody },
    { name: "clause", title: "Capability", table: owners, column: ROW_OWNER, value: (o) => o.clause, show: (c) => c ? c + " " + data.capabilities[c] : "none" },
    { name: "check", title: "Check", table: checks, column: ROW_CHECK, value: (c) => c.id, show: (id) => id + " " + titles.get(id) },
    { name: "namespace", title: "Namespace", table: items, column: ROW_ITEM, value: (i) => i.namespace, show: (n) => n || "none" },
  ];
  const titles = new Map(checks.map((c) => [c.id, c.title]));
  const search = element("input", { type: "search", id: "f-text", autocomplete: "off", spellcheck: "false" });
  const count = element("output", { for: "f-text" });
  const list = element("ul", { class: "results" });
  const controls = {};
  let matching = new Int32Array(0);
  let start = 0;

  // Severities and verdicts are offered by urgency, other values by name, with
  // numbers in them as numbers.
  const collator = new Intl.Collator("en", { numeric: true });
  const order = { severity: ["critical", "high", "medium", "low", "info"], verdict: ["fail", "unknown", "waived"] };
  const select = (field) => {
    const counts = new Map();
    for (const row of data.rows) {
      const at = row[field.column];
      if (at < 0) continue;
      const value = field.value(field.table[at]);
      counts.set(value, (counts.get(value) || 0) + 1);
    }
    const known = order[field.name];
    const values = [...counts.keys()].sort(known ? (a, b) => known.indexOf(a) - known.indexOf(b) : collator.compare);
    const show = field.show || ((v) => v);
    return element("select", { id: "f-" + field.name },
      element("option", { value: any }, "all"),
      ...values.map((v) => element("option", { value: v }, show(v) + " (" + counts.get(v) + ")")));
  };

  // Each word must occur in the check, the object, the owner or a message. A
  // table is searched once for all rows that refer to it.
  const texts = {};
  const lower = () => {
    texts.checks = checks.map((c) => [c.id, c.title, ...c.aliases, ...c.controls].join(" ").toLowerCase());
    texts.items = items.map((i) => (i.key + " " + i.file).toLowerCase());
    texts.owners = owners.map((o) => (o.party + " " + o.element).toLowerCase());
    texts.strings = data.strings.map((s) => s.toLowerCase());
  };
  const hits = (list, word) => Uint8Array.from(list, (text) => (text.includes(word) ? 1 : 0));
  const finder = (text) => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length && !texts.checks) lower();
    const found = words.map((w) => [hits(texts.checks, w), hits(texts.items, w), hits(texts.owners, w), hits(texts.strings, w)]);
    return (row) => found.every(([check, item, owner, string]) => {
      if (check[row[ROW_CHECK]] || item[row[ROW_ITEM]] || owner[row[ROW_OWNER]]) return true;
      const messages = row[ROW_FOUND];
      for (let i = 0; i < messages.length; i += 2) if (string[messages[i]]) return true;
      return false;
    });
  };

  const filter = () => {
    const wanted = fields.filter((f) => controls[f.name].value !== any).map((f) => {
      const value = controls[f.name].value;
      return [f.column, Uint8Array.from(f.table, (entry) => (f.value(entry) === value ? 1 : 0))];
    });
    const has = finder(search.value);
    const rows = data.rows;
    const kept = new Int32Array(rows.length);
    let n = 0;
    for (let i = 0; i < rows.length; i++) {
      if (wanted.every(([column, ok]) => ok[rows[i][column]] === 1) && has(rows[i])) kept[n++] = i;
    }
    matching = kept.subarray(0, n);
    start = 0;
    show();
  };

  const details = (row) => {
    const check = checks[row[ROW_CHECK]];
    const item = items[row[ROW_ITEM]];
    const owner = owners[row[ROW_OWNER]];
    const found = row[ROW_FOUND];
    const facts = row[ROW_FACTS] || [];
    const waiver = data.waivers[row[ROW_WAIVER]];
    const verdict = data.verdicts[row[ROW_VERDICT]];
    const dl = element("dl");
    const add = (term, ...entries) => {
      if (entries.length) dl.append(element("dt", null, term), ...entries.map((e) => element("dd", null, ...e)));
    };
    const line = (n) => (n ? [" ", label("line " + n)] : []);
    const messages = [];
    for (let i = 0; i < found.length; i += 2) messages.push([isolated(data.strings[found[i]]), ...line(found[i + 1])]);
    add(verdict === "unknown" ? "Reason" : "Found", ...messages);
    if (check.remediation) add("Fix", [isolated(check.remediation)]);
    const values = [];
    for (let i = 0; i < facts.length; i += 3) {
      values.push([code(data.strings[facts[i]]), ": ", code(data.strings[facts[i + 1]]), ...line(facts[i + 2])]);
    }
    add("Facts", ...values);
    if (waiver) add(verdict === "fail" ? "Expired waiver" : "Waiver", [isolated(waiver[0]), ": ", isolated(waiver[1]), " ", label("until " + waiver[2])]);
    if (item) {
      const at = found[1] || item.line;
      add("Where", [code(item.file + (at ? ":" + at : ""))]);
    }
    add("Owner", [isolated(nobody(owner.party)),
      ...(owner.element ? [" ", label("for"), " ", isolated(owner.element)] : []),
      ...(owner.basis ? [" ", label("because"), " ", isolated(owner.basis)] : [])]);
    add("Controls", ...check.controls.map((id) => [id + " " + (data.controls[id] || "")]));
    add("Result", [code(check.id + "@" + (item ? item.key : "-"))]);
    if (item) add("Evidence", [code(item.digest)]);
    return dl;
  };

  const rendered = (row) => {
    const check = checks[row[ROW_CHECK]];
    const item = items[row[ROW_ITEM]];
    const verdict = data.verdicts[row[ROW_VERDICT]];
    const where = item ? item.kind + " " + (item.namespace ? item.namespace + "/" : "") + item.name : "no object";
    const box = element("details", { class: "result" }, element("summary", null,
      element("span", { class: "sev " + check.severity }, check.severity), " ",
      element("span", { class: "verdict " + verdict }, verdict), " ",
      element("span", { class: "what" }, isolated(check.title), " ", code(check.id)), " ",
      element("span", { class: "where" }, isolated(where)), " ",
      element("span", { class: "party" }, isolated(nobody(owners[row[ROW_OWNER]].party)))));
    box.addEventListener("toggle", () => { if (box.open && !box.querySelector("dl")) box.append(details(row)); });
    return element("li", null, box);
  };

  const number = (n) => n.toLocaleString("en");
  const pager = [];
  const show = () => {
    const end = Math.min(start + step, matching.length);
    list.replaceChildren(...Array.from(matching.subarray(start, end), (i) => rendered(data.rows[i])));
    count.value = matching.length === 0 ? "No result of " + number(data.rows.length) + " matches" :
      number(start + 1) + "–" + number(end) + " of " + number(matching.length) +
      (matching.length < data.rows.length ? ", " + number(data.rows.length) + " in all" : "");
    pages.hidden = matching.length <= step;
    for (const [button, target] of pager) {
      const to = target();
      button.disabled = to === start || to < 0 || to >= matching.length;
    }
  };
  const button = (text, target) => {
    const b = element("button", { type: "button" }, text);
    b.addEventListener("click", () => { start = target(); show(); browser.scrollIntoView(); });
    pager.push([b, target]);
    return b;
  };
  const pages = element("p", { class: "pages" },
    button("First", () => 0), button("Previous", () => start - step),
    button("Next", () => start + step), button("Last", () => Math.floor((matching.length - 1) / step) * step));

  // The address keeps the filter, so that a view can be linked and gone back to.
  const read = () => {
    const wanted = new URLSearchParams(location.hash.slice(1));
    if (![...wanted.keys()].some((k) => Object.hasOwn(controls, k) || k === "text")) return false;
    for (const field of fields) {
      const value = wanted.get(field.name);
      controls[field.name].value = value === null ? any : value;
      if (controls[field.name].selectedIndex < 0) controls[field.name].add(new Option(value + " (0)", value, false, true));
    }
    search.value = wanted.get("text") || "";
    return true;
  };
  const write = () => {
    const wanted = new URLSearchParams();
    for (const field of fields) if (controls[field.name].value !== any) wanted.set(field.name, controls[field.name].value);
    if (search.value) wanted.set("text", search.value);
    history.replaceState(null, "", "#" + (wanted.toString() || "results"));
  };
  const changed = () => { write(); filter(); };

  const browser = document.getElementById("browser");
  const form = element("form", { class: "filters", role: "search", "aria-label": "Filter results" },
    element("p", { class: "wide" }, element("label", { for: "f-text" }, "Search"), search));
  for (const field of fields) {
    controls[field.name] = select(field);
    controls[field.name].addEventListener("change", changed);
    form.append(element("p", null, element("label", { for: "f-" + field.name }, field.title), controls[field.name]));
  }
  form.append(element("p", null, element("button", { type: "reset" }, "Clear")));
  let typing;
  search.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(changed, 120); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(changed));
  browser.append(form, element("p", { class: "count", "aria-live": "polite" }, count), list, pages);
  for (const link of document.querySelectorAll("a[data-filter]")) link.href = "#" + link.dataset.filter;
  addEventListener("hashchange", () => { if (read()) { filter(); browser.scrollIntoView(); } });
  document.getElementById("plain").remove();
  browser.hidden = false;
  const linked = read();
  filter();
  // The page is shorter now than when the browser went to the address.
  if (location.hash) (linked ? browser : document.getElementById(location.hash.slice(1)))?.scrollIntoView();
})();
