// The viewer's controls. Moving a slice, a slider or the window asks nothing of the server; what
// is shown is told to it when a control is released, so that it can be kept in the address.

const AXIS_NAMES = ["sagittal", "coronal", "axial"];
const PARTS = ["scan", "map", "mask"];
const REST_MS = 1000;
const PATIENCE_MS = 60_000;
const viewers = new WeakMap();
let libraries = null;
let canDraw = null;

function hasWebgl() {
  if (canDraw === null) {
    const gl = document.createElement("canvas").getContext("webgl2");
    canDraw = gl !== null;
    gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return canDraw;
}

// The volumes that a head names, once all of them are here; null where a newer head has come meanwhile.
async function volumes(head, isCurrent) {
  const store = (globalThis.__clamVolumes ??= Object.assign(new EventTarget(), { held: new Map() }));
  const wanted = head.panes.flatMap((pane) => PARTS.map((name) => pane[name]).filter(Boolean));
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = new Map([...store.held.values()].map(({ id, bytes }) => [id, bytes]));
    if (wanted.every(({ id }) => found.has(id))) {
      for (const part of wanted) part.bytes = found.get(part.id);
      for (const pane of head.panes) pane.smooth = head.smooth;
      return head;
    }
    if (!isCurrent()) return null;
    if (performance.now() > until) throw new Error("it has not arrived completely");
    await new Promise((resolve) => {
      store.addEventListener("held", resolve, { once: true });
      setTimeout(resolve, 100);
    });
  }
}

function load(head) {
  const base = (globalThis.__streamlit?.MAIN_PAGE_BASE_URL ?? new URL(".", document.baseURI).href).replace(/\/?$/, "/");
  libraries ??= Promise.all([head.niivue, head.scene, head.marks].map((place) => import(base + place)));
  return libraries;
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.panes = [...root.querySelectorAll(".pane")];
    this.scenes = [];
    this.plane = "axial";
    this.work = Promise.resolve();
    this.listen();
  }

  all(selector) {
    return [...this.root.querySelectorAll(selector)];
  }

  control(name) {
    return this.root.querySelector(`[data-name="${name}"]`);
  }

  say(text) {
    this.root.querySelector(".message").textContent = text;
  }

  // Show what the server sent; anything but new volumes leaves the view as it is.
  async update(head) {
    const [niivue, { Scene }, { Marks }] = await load(head);
    const isFirst = !this.view;
    this.head = head;
    if (isFirst) this.start(head.view);
    this.panes[1].hidden = head.panes.length < 2;
    this.layOut();
    let isNew = false;
    for (const [n, pane] of head.panes.entries()) {
      this.scenes[n] ??= await this.open(niivue, Scene, Marks, n);
      isNew = (await this.scenes[n].load(pane)) || isNew;
      this.panes[n].querySelector("figcaption").textContent = pane.title;
      this.panes[n].querySelector("canvas").setAttribute("aria-label", pane.alt);
    }
    if (head.panes.length < 2) this.scenes.splice(1).forEach((scene) => this.closePane(scene));
    this.fitControls();
    this.draw();
    if (isFirst && head.view.voxel) this.goTo(head.view.voxel);
    else if (isNew) this.goTo(head.panes[0].peak);
    else this.follow(this.scenes[0]);
    this.scenes.forEach((scene) => scene.nv.gl.finish());
    this.root.dataset.shown = head.panes.map((pane) => `${pane.scan.id} ${pane.map?.id ?? ""}`).join(" ");
    performance.mark("clam-viewer-shown");
  }

  async open(niivue, Scene, Marks, n) {
    const [slices, marks] = this.panes[n].querySelectorAll("canvas");
    const scene = await Scene.open(niivue, slices, new Marks(marks), this.head.colors);
    scene.onMove(() => this.moved(scene));
    return scene;
  }

  closePane(scene) {
    const old = scene.canvas;
    scene.close();
    old.replaceWith(old.cloneNode());
  }

  start(view) {
    this.view = { ...view };
    const windows = this.control("window");
    windows.replaceChildren(...Object.keys(this.head.windows).concat("custom").map((name) => new Option(name, name)));
    const [level, width] = this.head.windows[view.window] ?? view.window.split("/").map(Number);
    windows.value = this.head.windows[view.window] ? view.window : "custom";
    Object.assign(this.view, { level, width });
    for (const name of ["plane", "style", "opacity", "threshold", "level", "width"]) this.control(name).value = this.view[name];
    this.control("mask").checked = view.mask;
  }

  listen() {
    for (const control of this.all("[data-name]")) {
      control.addEventListener("input", () => this.change(control));
      control.addEventListener("change", () => this.report());
    }
    for (const slider of this.all("[data-slice]")) {
      slider.addEventListener("input", () => {
        const voxel = this.scenes[0].voxel;
        voxel[Number(slider.dataset.slice)] = Number(slider.value);
        this.goTo(voxel);
      });
      slider.addEventListener("change", () => this.report());
    }
    this.root.querySelector(".peak").addEventListener("click", () => this.goTo(this.head.panes[0].peak, true));
    for (const [n, pane] of this.panes.entries()) {
      pane.addEventListener("wheel", (event) => this.wheel(event, n), { capture: true, passive: false });
      pane.addEventListener("keydown", (event) => this.key(event, n), { capture: true });
      pane.addEventListener("pointermove", (event) => this.read(event, n));
      pane.addEventListener("pointerleave", () => this.readAtCrosshair());
    }
    this.watch = new ResizeObserver(() => this.scenes.length && this.layOut() && this.draw());
    this.watch.observe(this.root);
  }

  change(control) {
    const { name } = control.dataset;
    if (name === "window") {
      const preset = this.head.windows[control.value];
      if (preset) [this.view.level, this.view.width] = preset;
      this.control("level").value = this.view.level;
      this.control("width").value = this.view.width;
    } else if (control.type === "checkbox") this.view[name] = control.checked;
    else if (control.tagName === "SELECT") this.view[name] = control.value;
    else if (control.value !== "") this.view[name] = Number(control.value);
    if (name === "plane") this.layOut();
    this.fitControls();
    this.draw();
    this.reportSoon();
  }

  get window() {
    const { level, width } = this.view;
    return [level - Math.max(1, width) / 2, level + Math.max(1, width) / 2];
  }

  // Controls that mean nothing here are not shown.
  fitControls() {
    const [pane] = this.head.panes;
    for (const label of this.all(".custom")) label.hidden = this.control("window").value !== "custom";
    for (const label of this.all(".of-map")) label.hidden = !pane.map;
    for (const label of this.all(".of-mask")) label.hidden = !pane.mask;
    for (const [axis, plane] of AXIS_NAMES.entries()) {
      const label = this.root.querySelector(`.of-${plane}`);
      label.hidden = this.view.plane !== "all" && this.view.plane !== plane;
      label.querySelector("input").max = this.scenes[0].shape[axis] - 1;
    }
    if (this.view.plane !== "all") this.plane = this.view.plane;
  }

  // Height of the stage for its width; says whether it has changed.
  layOut() {
    const width = this.root.clientWidth / (this.panes[1].hidden ? 1 : 2);
    const isRow = this.view.plane === "all" && width > 760;
    const height = Math.round(isRow ? width / 2.7 : Math.min(width * 0.95, 560));
    const stage = this.root.querySelector(".stage");
    const before = stage.style.getPropertyValue("--stage-height");
    stage.style.setProperty("--stage-height", `${height}px`);
    return before !== `${height}px` || this.drawnWidth !== width;
  }

  draw() {
    for (const scene of this.scenes) scene.show(this.view, this.window, this.head.diverging);
    this.drawnWidth = this.root.clientWidth / (this.panes[1].hidden ? 1 : 2);
  }

  goTo(voxel, isByUser = false) {
    this.scenes[0].goTo(voxel);
    this.follow(this.scenes[0]);
    if (isByUser) this.reportSoon();
  }

  moved(scene) {
    this.follow(scene);
    this.reportSoon();
  }

  // The other pane goes to the corresponding place, the sliders and values follow.
  follow(scene) {
    for (const other of this.scenes) if (other !== scene) other.goToPlace(scene.place);
    const voxel = this.scenes[0].voxel;
    for (const slider of this.all("[data-slice]")) slider.value = voxel[Number(slider.dataset.slice)];
    this.view.voxel = voxel;
    this.readAtCrosshair();
  }

  wheel(event, n) {
    event.preventDefault();
    event.stopPropagation();
    const scene = this.scenes[n];
    if (!scene) return;
    const under = scene.under(event);
    if (under) this.plane = under.plane;
    this.turned = event.deltaMode === 0 ? (this.turned ?? 0) + event.deltaY : 60 * event.deltaY;
    const steps = Math.trunc(this.turned / 50);
    if (!steps) return;
    this.turned = 0;
    scene.step(this.plane, -Math.sign(steps));
    this.moved(scene);
  }

  key(event, n) {
    const scene = this.scenes[n];
    if (!scene || event.key === "Tab" || event.ctrlKey || event.metaKey || event.altKey) return;
    event.stopPropagation();
    const steps = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 5, PageDown: -5 }[event.key];
    if (steps) scene.step(this.plane, steps);
    else if (event.key === "Home") scene.goTo(this.head.panes[n].peak);
    else return;
    event.preventDefault();
    this.moved(scene);
  }

  read(event, n) {
    const found = this.scenes[n]?.under(event);
    if (found) this.plane = found.plane;
    if (found?.values) this.write(n, found);
  }

  readAtCrosshair() {
    for (const [n, scene] of this.scenes.entries()) this.write(n, scene.valuesAt(scene.place));
  }

  write(n, { voxel, values }) {
    const parts = [`${Math.round(values.scan)}${this.head.unit === "HU" ? " HU" : ""}`];
    if (values.map !== null) parts.push(`map ${Math.round(100 * values.map)} %`);
    parts.push(voxel.map((index, axis) => `${AXIS_NAMES[axis]} ${Math.round(index) + 1}`).reverse().join(", "));
    this.panes[n].querySelector("output").textContent = parts.join(" · ");
  }

  reportSoon() {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.report(), REST_MS);
  }

  report() {
    clearTimeout(this.rest);
    const { plane, style, opacity, threshold, mask, level, width, voxel } = this.view;
    const chosen = this.control("window").value;
    const window = chosen === "custom" ? `${level}/${width}` : chosen;
    this.tell?.("view", { plane, style, opacity, threshold, mask, window, voxel: voxel.map(Math.round) });
  }

  close() {
    clearTimeout(this.rest);
    this.watch.disconnect();
    this.scenes.forEach((scene) => scene.close());
  }
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!hasWebgl()) {
    setStateValue("missing", true);
    return undefined;
  }
  if (!viewers.has(root)) viewers.set(root, new Viewer(root));
  const viewer = viewers.get(root);
  viewer.tell = setStateValue;
  if (viewer.sent !== data) {
    viewer.sent = data;
    const isCurrent = () => viewer.sent === data;
    viewer.work = viewer.work
      .then(() => volumes(JSON.parse(data), isCurrent))
      .then((head) => head && viewer.update(head))
      .catch((error) => {
        console.error(error);
        viewer.say(`The viewer could not draw this scan (${error.message}); choose plain pictures below.`);
      });
  }
  return () => {
    viewers.delete(root);
    viewer.close();
  };
}
