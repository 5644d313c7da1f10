// The toolbar: what is chosen there, what is shown there, the list of keys, and the value under the pointer.
import { AXIS_NAMES } from "./reading_geometry.js";
import { KEYS, helpRows, keyWords, pressed } from "./reading_tools.js";

export class Controls {
  constructor(viewer) {
    this.viewer = viewer;
    this.root = viewer.root;
    this.listen();
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  control(name) {
    return this.root.querySelector(`[data-name="${name}"]`);
  }

  listen() {
    const { viewer } = this;
    for (const control of this.all("[data-name]")) {
      control.addEventListener("input", () => this.change(control));
      control.addEventListener("change", () => viewer.report());
    }
    for (const button of this.all("[data-key]")) {
      button.addEventListener("click", () => viewer.head && KEYS.find(([key]) => key === button.dataset.key)[2](viewer));
    }
    for (const more of this.all(".more")) more.addEventListener("click", () => this.unfold(more.getAttribute("aria-expanded") === "true" ? null : more));
    this.root.querySelector(".close").addEventListener("click", () => viewer.shut?.());
    this.root.addEventListener("keydown", (event) => viewer.scenes.length && pressed(event, viewer));
  }

  // What the first scan opens with.
  start(asked) {
    const { viewer } = this;
    const { windows } = viewer.head;
    const select = this.control("window");
    select.replaceChildren(...Object.keys(windows).map((name) => new Option(name, name)), new Option("own window", "custom"));
    const [level, width] = windows[asked.window] ?? asked.window.split("/").map(Number);
    viewer.view = { ...asked, level, width };
    select.value = windows[asked.window] ? asked.window : "custom";
    viewer.opened = { ...viewer.view, window: select.value };
    this.write();
  }

  // What is shown, into the controls.
  write() {
    const { view } = this.viewer;
    for (const name of ["plane", "style", "opacity", "threshold", "level", "width"]) this.control(name).value = view[name];
    this.control("mask").checked = view.mask;
  }

  // What was chosen, into what is shown.
  change(control) {
    const { view, head } = this.viewer;
    const { name } = control.dataset;
    if (name === "window") {
      const preset = head.windows[control.value];
      if (preset) [view.level, view.width] = preset;
    } else if (control.type === "checkbox") view[name] = control.checked;
    else if (control.tagName === "SELECT") view[name] = control.value;
    else if (control.value !== "") view[name] = Number(control.value);
    this.viewer.changed();
  }

  // Controls that mean nothing here are not shown.
  fit() {
    const { viewer } = this;
    const [pane] = viewer.head.panes;
    for (const label of this.all(".custom")) label.hidden = this.control("window").value !== "custom";
    for (const label of this.all(".of-map")) label.hidden = !pane.map;
    for (const label of this.all(".of-volume")) label.hidden = viewer.isFlat;
    for (const label of this.all(".of-mask")) label.hidden = !pane.mask;
    for (const name of ["opacity", "threshold"]) this.root.querySelector(`[data-of="${name}"]`).textContent = `${Math.round(100 * viewer.view[name])} %`;
    for (const [key, isOn] of [["l", viewer.tool === "length"], ["e", viewer.tool === "ellipse"], ["s", viewer.scenes[0]?.slab > 0], [" ", Boolean(viewer.timer)]]) {
      this.root.querySelector(`[data-key="${key}"]`).setAttribute("aria-pressed", isOn);
    }
    for (const button of this.all("[data-key]")) {
      const [key, words] = KEYS.find(([name]) => name === button.dataset.key);
      button.title = `${words} (${keyWords(key)})`;
    }
    // Where a form stands beside the picture, digits are its answers.
    this.control("window").title = `Window (${viewer.head.digits ? "" : "Shift with "}1, 2, 3, or drag with the right button)`;
    if (AXIS_NAMES.includes(viewer.view.plane)) viewer.plane = viewer.view.plane;
  }

  help() {
    const help = this.root.querySelector(".help");
    help.replaceChildren(...helpRows(this.viewer.head.digits, Object.keys(this.viewer.head.windows), this.viewer.isFlat).flatMap(([key, words]) =>
      [["b", key], ["span", words]].map(([tag, text]) => Object.assign(document.createElement(tag), { textContent: text }))));
    help.hidden = !help.hidden;
  }

  // Controls that found no room in the line, below their button; null folds all of them.
  unfold(chosen) {
    for (const more of this.all(".more")) more.setAttribute("aria-expanded", more === chosen);
    if (chosen) chosen.nextElementSibling.style.left = `${chosen.offsetLeft}px`;
  }

  putDown() {
    this.unfold(null);
    this.root.querySelector(".help").hidden = true;
    this.fit();
  }

  describe(scene, voxel) {
    const values = scene.scan?.at(voxel);
    const parts = [];
    if (values && values.scan !== null) parts.push(`${Math.round(values.scan)}${this.viewer.head.unit === "HU" ? " HU" : ""}`);
    if (values && values.map !== null) parts.push(`map ${Math.round(100 * values.map)} %`);
    // A slice of the original series has one number, also here.
    const place = (index, axis) => (axis === 2 && scene.scan.numbers ? `Im ${scene.scan.numbers[Math.round(index)]}` : `${AXIS_NAMES[axis]} ${Math.round(index) + 1}`);
    if (values) parts.push(this.viewer.isFlat ? pixelWords(scene.scan, voxel) : voxel.map(place).reverse().join(", "));
    this.viewer.panes[scene.number].querySelector("output").textContent = parts.join(" · ");
  }
}

// Counted from the upper left, as everybody counts pixels; the axes of a scan run the other way.
function pixelWords({ shape }, voxel) {
  const [column, row] = [0, 1].map((axis) => shape[axis] - Math.round(voxel[axis]));
  return `column ${column}, row ${row}`;
}
