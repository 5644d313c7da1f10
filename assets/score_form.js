// The form of one case of a reading study. Digits, Enter and Backspace are its own wherever the focus
// is, except in text; arrows only while it has the focus, as they move slices in the picture.

const KEYS = [
  "Digits: value, and on to the next question (percent: times ten, + and \u2212 for 5).",
  "Tab, J, K or \u2191 \u2193: question. \u2190 \u2192: one less, one more.",
  "Enter: save, next case. Backspace: undo the last case. Shift + 1, 2, 3: window of the picture.",
];
const forms = new WeakMap();
const drafts = new Map(); // what was chosen and not saved yet, by study, reader and case

const make = (tag, more = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), more);
  element.append(...children);
  return element;
};

// What the values of a scale mean; nothing where the buttons say it themselves.
function scaleWords({ label, options }) {
  const said = options.filter(({ shown, word }) => word && !shown.includes(word));
  return said.length ? `${label}: ${said.map(({ shown, word }) => `${shown} = ${word}`).join(", ")}.` : "";
}

class Form {
  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`.${name}`);
    this.part("save").addEventListener("click", () => this.save());
    this.part("back").addEventListener("click", () => this.back());
    this.part("pause").addEventListener("click", () => this.tell("pause", this.data.case));
    this.part("keys").replaceChildren(...KEYS.flatMap((line) => [line, make("br")]));
    this.onKey = (event) => this.pressed(event);
    addEventListener("keydown", this.onKey, true);
    this.clock = setInterval(() => this.tick(), 1000);
  }

  update(data) {
    const isNew = this.data?.token !== data.token;
    if (isNew && this.sent) drafts.delete(this.data.draft);
    this.data = data;
    if (isNew) {
      this.values = drafts.get(data.draft) ?? Object.fromEntries(data.questions.map(({ name, value }) => [name, value]));
      this.seconds = 0;
      this.active = Math.max(0, data.questions.findIndex(({ name }) => this.values[name] === null));
      this.sent = false;
      this.draw();
      if (!this.isBusy()) this.part("form").focus({ preventScroll: true });
    }
    if (data.message) this.sent = false; // it was not saved, and may be sent again
    this.say(data.message ?? "");
    this.part("title").textContent = `Case ${data.case} of ${data.of}`;
    const bar = this.root.querySelector("progress");
    Object.assign(bar, { max: data.of, value: data.done });
    this.part("back").disabled = !data.can_undo;
    this.tick(0);
  }

  // Somebody who types or measures elsewhere keeps the focus.
  isBusy() {
    const at = deepest();
    return Boolean(at) && ["INPUT", "TEXTAREA", "SELECT", "CANVAS"].includes(at.tagName);
  }

  say(text) {
    this.part("message").textContent = text;
  }

  tick(by = 1) {
    if (!document.hidden) this.seconds += by;
    const minutes = Math.floor((this.data.seconds + this.seconds) / 60);
    this.part("time").textContent = `${minutes} min`;
  }

  draw() {
    this.rows = this.data.questions.map((question, n) => this.row(question, n));
    this.part("items").replaceChildren(...this.rows);
    this.show();
  }

  row(question, n) {
    const word = make("span", { className: "word" });
    const label = make("div", { className: "label" }, make("span", { textContent: question.label, id: `q${n}` }), word);
    const row = make("div", { className: "item" }, label);
    row.addEventListener("pointerdown", () => this.go(n));
    row.addEventListener("focusin", () => this.go(n));
    row.append(this.control(question, n));
    return row;
  }

  control(question, n) {
    if (question.kind === "text") {
      const text = make("textarea", { rows: 1, value: this.values[question.name] ?? "", placeholder: "optional; no names of persons" });
      text.setAttribute("aria-labelledby", `q${n}`);
      text.addEventListener("input", () => this.put(question, text.value));
      return text;
    }
    if (question.kind === "percent") {
      const range = make("input", { type: "range", min: 0, max: 100, step: 5 });
      range.setAttribute("aria-labelledby", `q${n}`);
      range.addEventListener("input", () => this.put(question, Number(range.value)));
      return range;
    }
    const group = make("div", { className: "choices" });
    group.setAttribute("role", "radiogroup");
    group.setAttribute("aria-labelledby", `q${n}`);
    for (const option of question.options) {
      const button = make("button", { type: "button", textContent: option.shown, title: option.word });
      button.setAttribute("role", "radio");
      button.setAttribute("aria-label", option.word ? `${option.shown}: ${option.word}` : option.shown);
      button.addEventListener("click", () => this.put(question, option.value));
      group.append(button);
    }
    return group;
  }

  put(question, value) {
    this.values[question.name] = value;
    drafts.set(this.data.draft, this.values);
    this.say("");
    this.show();
  }

  go(n) {
    if (n === this.active) return;
    this.active = n;
    this.show();
  }

  show() {
    this.part("scale").textContent = scaleWords(this.data.questions[this.active]);
    this.data.questions.forEach((question, n) => {
      const row = this.rows[n];
      const value = this.values[question.name];
      row.classList.toggle("active", n === this.active);
      const options = [...row.querySelectorAll("[role=radio]")];
      options.forEach((button, place) => {
        const isChosen = question.options[place].value === value;
        button.setAttribute("aria-checked", isChosen);
        button.tabIndex = isChosen || (value === null && place === 0) ? 0 : -1;
      });
      const range = row.querySelector("input[type=range]");
      if (range) {
        range.value = value ?? 0;
        range.setAttribute("aria-valuetext", value === null ? "no value yet" : `${value} %`);
      }
      row.querySelector(".word").textContent = this.word(question, value);
    });
  }

  word(question, value) {
    if (question.kind === "text") return "";
    if (value === null || value === undefined) return question.needed ? "–" : "– (optional)";
    if (question.kind === "percent") return `${value} %`;
    return question.options.find((option) => option.value === value)?.word ?? "";
  }

  pressed(event) {
    if (!event.isTrusted || event.ctrlKey || event.metaKey || event.altKey || !this.root.isConnected) return;
    const at = event.composedPath()[0];
    const isText = at?.tagName === "TEXTAREA" || (at?.tagName === "INPUT" && at.type !== "range");
    if (isText && !(event.key === "Enter" && this.root.contains(at) && !event.shiftKey)) return;
    const isOwn = this.root.contains(at) || !at || at === document.body;
    if (event.shiftKey && /^Digit[1-3]$/.test(event.code)) return this.done(event, () => passToPicture(event.code.slice(5)));
    if (/^\d$/.test(event.key)) return this.done(event, () => this.digit(Number(event.key)));
    const always = { Backspace: () => this.back(), j: () => this.move(1), k: () => this.move(-1), "+": () => this.more(5), "-": () => this.more(-5) };
    if (always[event.key]) return this.done(event, always[event.key]);
    if (event.key === "Enter" && (!at?.matches?.("button, select") || at.matches("[role=radio]"))) return this.done(event, () => this.save());
    const own = { ArrowDown: () => this.move(1), ArrowUp: () => this.move(-1), ArrowRight: () => this.more(1), ArrowLeft: () => this.more(-1) };
    if (isOwn && own[event.key]) return this.done(event, own[event.key]);
    return undefined;
  }

  done(event, act) {
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }

  digit(digit) {
    const question = this.data.questions[this.active];
    if (!question || question.kind === "text") return;
    if (question.kind === "percent") {
      this.put(question, 10 * digit);
      return;
    }
    const option = question.options.find(({ key }) => key === digit);
    if (!option) {
      this.say(`${question.label}: ${question.options.map(({ key }) => key).join(", ")}.`);
      return;
    }
    this.put(question, option.value);
    this.move(1);
  }

  more(by) {
    const question = this.data.questions[this.active];
    if (!question || question.kind === "text") return;
    const value = this.values[question.name];
    if (question.kind === "percent") {
      const step = Math.abs(by) === 1 ? 5 * by : by;
      this.put(question, Math.min(100, Math.max(0, (value ?? 0) + step)));
      return;
    }
    const last = question.options.length - 1;
    const place = question.options.findIndex((option) => option.value === value);
    const next = place < 0 ? 0 : Math.min(last, Math.max(0, place + Math.sign(by)));
    this.put(question, question.options[next].value);
  }

  move(by) {
    this.active = Math.min(this.rows.length - 1, Math.max(0, this.active + by));
    const at = deepest();
    if (at && this.root.contains(at)) {
      const target = this.rows[this.active].querySelector("[tabindex='0'], input");
      (target ?? this.part("form")).focus({ preventScroll: true });
    }
    this.rows[this.active].scrollIntoView({ block: "nearest" });
    this.show();
  }

  save() {
    if (this.sent) return;
    const missing = this.data.questions.findIndex(({ name, needed }) => needed && (this.values[name] ?? null) === null);
    if (missing >= 0) {
      this.go(missing);
      this.say(`${this.data.questions[missing].label}: give a value first.`);
      return;
    }
    this.sent = true;
    this.say("Saving ...");
    const { case: number, token } = this.data;
    this.tell("answer", { case: number, token, values: this.values, seconds: this.seconds });
    setTimeout(() => { // the server has not answered, as after a lost connection
      if (this.data.token === token && this.sent) {
        this.sent = false;
        this.say("Not saved yet. Press Enter again.");
      }
    }, 10_000);
  }

  back() {
    if (this.data.can_undo) this.tell("undo", this.data.token);
  }

  close() {
    clearInterval(this.clock);
    removeEventListener("keydown", this.onKey, true);
  }
}

function deepest() {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at;
}

// The picture has windows on digits, which belong to the form here.
function passToPicture(key) {
  for (const element of document.querySelectorAll("*")) {
    const canvas = element.shadowRoot?.querySelector(".viewer canvas") ?? (element.matches(".viewer canvas") ? element : null);
    if (canvas) {
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }));
      return;
    }
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!forms.has(parentElement)) forms.set(parentElement, new Form(parentElement));
  const form = forms.get(parentElement);
  form.tell = setTriggerValue;
  form.update(typeof data === "string" ? JSON.parse(data) : data);
  return () => {
    forms.delete(parentElement);
    form.close();
  };
}
