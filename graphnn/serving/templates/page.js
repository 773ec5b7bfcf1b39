"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const form = document.getElementById("form");
const output = document.getElementById("output");
const error = document.getElementById("error");
const SHOWN = 5;
const KINDS = "image/png,image/jpeg,image/webp,image/gif,image/bmp,image/tiff";

function make(tag, settings = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function percent(share) {
  const value = 100 * share;
  return (value >= 99.95 && share < 1 ? ">99.9" : value < 0.05 && share > 0 ? "<0.1" : value.toFixed(1)) + " %";
}

/* What is known of the network */

function describe() {
  document.getElementById("description").textContent = facts.description;
  const tiles = document.getElementById("tiles");
  const tile = (name, value) => tiles.append(make("div", {}, make("dt", { text: name }), make("dd", { text: value })));
  for (const figure of facts.figures) tile(`${figure.name}, ${figure.part} part`, figure.value);
  if (facts.classes) tile("classes", facts.classes.length.toLocaleString("en"));
  tile("parameters", facts.parameters.toLocaleString("en"));
  const list = document.getElementById("facts-list");
  const fact = (name, value) => list.append(make("dt", { text: name }), make("dd", { text: value }));
  fact("Input", facts.kind === "table" ? facts.columns.map((one) => one.name).join(", ") : facts.sample);
  if (facts.classes) fact("Classes", facts.classes.slice(0, 100).join(", ") + (facts.classes.length > 100 ? ", …" : ""));
  fact("Computed by", facts.kernels);
  fact("Weights", facts.weights);
}

/* Asking, and showing the answer */

let asked = 0;

async function ask(path, body, headers, pictures) {
  const turn = ++asked;
  error.hidden = true;
  output.setAttribute("aria-busy", "true");
  output.replaceChildren(make("p", { class: "soft", text: "Asking …" }));
  try {
    const response = await fetch(path, { method: "POST", body, headers });
    const values = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
    if (turn !== asked) return;
    if (response.ok) output.replaceChildren(...values.map((one, index) => answer(one, pictures[index], values.length)));
    else fail(values.error);
  } catch {
    if (turn === asked) fail("the server cannot be reached; is it still running?");
  } finally {
    if (turn === asked) {
      output.removeAttribute("aria-busy");
      document.getElementById("answers").scrollIntoView({ block: "nearest" });
    }
  }
}

function fail(text) {
  output.replaceChildren();
  error.textContent = text + (/[.?!…]$/.test(text) ? "" : ".");
  error.hidden = false;
}

function answer(one, picture, count) {
  const box = make("div", { class: "answer" });
  if (count > 1) box.append(make("h3", { text: one.input ?? `row ${one.line}` }));
  if (one.seen || picture) {
    const shown = make("div", { class: "pictures" });
    if (picture) shown.append(figure(picture, "your picture", "", `Your picture ${one.input}`));
    if (one.seen) {
      const size = facts.input_shape.slice(1).reverse().join("×");
      shown.append(figure(one.seen, `as the network sees it, ${size}`, "seen", "The picture as the network sees it"));
    }
    box.append(shown);
  }
  if (Array.isArray(one.predictions)) {
    const bars = one.predictions.map((guess) => [guess.class, guess.probability]);
    box.append(make("p", { class: "first", text: bars[0][0] }), ...barsOf(bars));
  } else if (one.predictions) box.append(...rowAnswer(one.predictions));
  else box.append(make("pre", { text: one.values.map((value) => Number(value.toPrecision(6))).join(", ") }));
  if (one.notes) box.append(make("ul", { class: "notes" }, ...one.notes.map((text) => make("li", { text }))));
  return box;
}

function figure(address, caption, kind, alt) {
  return make("figure", { class: kind }, make("img", { src: address, alt }), make("figcaption", { text: caption }));
}

function rowAnswer(predictions) {
  const found = [], bars = [];
  for (const [name, value] of Object.entries(predictions)) {
    if (name.startsWith("probability of ")) bars.push([name.slice("probability of ".length), value]);
    else {
      const text = typeof value === "number" ? Number(value.toPrecision(6)) : value;
      found.push(make("p", { class: "first", text: `${name.replace(/^predicted /, "")}: ${text}` }));
    }
  }
  bars.sort((one, other) => other[1] - one[1]);
  return [...found, ...barsOf(bars)];
}

function barsOf(bars) {
  const item = ([name, share]) => {
    const bar = make("span");
    bar.style.width = `${100 * share}%`;
    return make("li", {}, make("span", { text: name }), make("span", { class: "track", "aria-hidden": "true" }, bar),
      make("span", { class: "share", text: percent(share) }));
  };
  const list = make("ol", { class: "bars" }, ...bars.slice(0, SHOWN).map(item));
  if (bars.length <= SHOWN) return bars.length ? [list] : [];
  const more = make("button", { type: "button", text: `Show all ${bars.length} classes`, onclick: () => {
    list.append(...bars.slice(SHOWN).map(item));
    more.remove();
  } });
  return [list, make("div", { class: "row" }, more)];
}

/* Pictures */

function pictureForm() {
  const flags = {};
  const picker = (settings) => make("input", { type: "file", accept: KINDS, class: "unseen", onchange: (event) => {
    send([...event.target.files]);
    event.target.value = "";
  }, ...settings });
  const drop = make("label", { class: "drop" }, make("strong", { text: "Drop a picture here, or choose one" }),
    make("span", { class: "soft small", text: "Paste works, too. Several are answered one below the other." }),
    picker({ multiple: true, id: "file" }));
  const camera = make("label", { class: "button" }, "Take a photograph", picker({ capture: "environment", id: "camera" }));
  form.append(drop, make("div", { class: "row" }, camera));
  const check = (name, text) => {
    const box = flags[name] = make("input", { type: "checkbox", id: name, onchange: () => again() });
    return make("label", { class: "check" }, box, text);
  };
  const options = make("details", {}, make("summary", { text: "How pictures are read" }));
  options.append(check("invert", "Turn dark on light to light on dark"));
  if (facts.handwriting) {
    options.append(check("as_is", "Only resize, without cropping to the ink"));
    form.append(drawing());
  }
  form.append(options);

  let latest = [];
  const again = () => latest.length && send(latest);
  function send(files) {
    if (!files.length) return;
    latest = files;
    const large = files.find((file) => file.size > facts.limits.body);
    if (large) return fail(`${large.name} has more than ${Math.round(facts.limits.body / 2 ** 20)} MiB, the most that is read`);
    const body = new FormData();
    for (const file of files) body.append("image", file, file.name || "picture.png");
    const query = new URLSearchParams({ seen: 1 });
    if (facts.classes) query.set("top", facts.classes.length);
    for (const [name, box] of Object.entries(flags)) if (box.checked) query.set(name, 1);
    ask(`predict?${query}`, body, {}, files.map((file) => URL.createObjectURL(file)));
  }

  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop") send([...event.dataTransfer.files]);
    });
  }
  document.addEventListener("paste", (event) => send([...event.clipboardData.files]));

  function drawing() {
    const pad = make("canvas", { class: "pad", width: 280, height: 280, "aria-label": "Draw a digit here with the mouse or a finger" });
    const pen = pad.getContext("2d");
    const clear = () => { pen.fillStyle = "#ffffff"; pen.fillRect(0, 0, 280, 280); };
    let last = null;
    const place = (event) => {
      const box = pad.getBoundingClientRect();
      return [(event.clientX - box.left) * 280 / box.width, (event.clientY - box.top) * 280 / box.height];
    };
    const line = (to) => {
      pen.strokeStyle = "#000000"; pen.lineWidth = 20; pen.lineCap = "round";
      pen.beginPath(); pen.moveTo(...last); pen.lineTo(...to); pen.stroke();
      last = to;
    };
    pad.addEventListener("pointerdown", (event) => { pad.setPointerCapture(event.pointerId); last = place(event); line(last); });
    pad.addEventListener("pointermove", (event) => last && line(place(event)));
    const end = () => {
      if (!last) return;
      last = null;
      pad.toBlob((blob) => send([new File([blob], "drawing.png", { type: "image/png" })]));
    };
    pad.addEventListener("pointerup", end);
    pad.addEventListener("pointercancel", () => { last = null; });
    clear();
    return make("details", { id: "drawing", open: true }, make("summary", { text: "Or draw one" }), pad,
      make("div", { class: "row" }, make("button", { type: "button", text: "Clear", onclick: clear })));
  }
}

/* Rows of a table */

function tableForm() {
  const fields = facts.columns.map((column) => {
    const id = `column-${column.name}`;
    const options = column.kind === "boolean" ? ["true", "false"] : column.categories;
    const field = options.length
      ? make("select", { id }, make("option", { value: "", text: "no value" }),
        ...options.map((text, index) => make("option", { value: text, text, selected: index === 0 })))
      : make("input", { id, type: "text", inputmode: "decimal", autocomplete: "off" });
    return [column, field, make("label", { for: id }, column.name, field)];
  });
  form.append(make("div", { class: "fields" }, ...fields.map((one) => one[2])),
    make("div", { class: "row" }, make("button", { class: "main", text: "Predict" })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const row = {};
    for (const [column, field] of fields) {
      const text = field.value.trim(), value = Number(text);
      row[column.name] = text === "" ? null : column.categories.length || Number.isNaN(value) ? text : value;
    }
    ask("predict", JSON.stringify({ inputs: row }), { "Content-Type": "application/json" }, []);
  });
}

/* Arrays */

function arrayForm() {
  const field = make("textarea", { id: "values", spellcheck: "false", autocomplete: "off" });
  const zeros = (shape) => shape.length ? Array.from({ length: shape[0] }, () => zeros(shape.slice(1))) : 0;
  form.append(make("label", { for: "values", text: `JSON: one sample of ${facts.sample} numbers, or a list of them` }), field,
    make("div", { class: "row" }, make("button", { class: "main", text: "Predict" }),
      make("button", { type: "button", text: "Fill in zeros", onclick: () => { field.value = JSON.stringify(zeros(facts.input_shape)); } })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const query = facts.classes ? `?top=${facts.classes.length}` : "";
    ask(`predict${query}`, field.value, { "Content-Type": "application/json" }, []);
  });
}

describe();
({ pictures: pictureForm, table: tableForm, arrays: arrayForm })[facts.kind]();
