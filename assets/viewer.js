// The viewer's controls. Moving a slice, a slider or the window asks nothing of the server; what
// is shown is told to it when a control is released, so that it can be kept in the address.

const AXIS_NAMES = ["sagittal", "coronal", "axial"];
const PARTS = ["scan", "map", "mask"];
const REST_MS = 1000;
const PATIENCE_MS = 60_000;
const SMOOTH_MS = 150; // after so long without a change the picture is drawn in its best quality
const CINE_MS = 66; // 15 slices in a second
const ABOVE = 96; // pixels of the window that the page keeps above and below the picture
const DRAWERS = "clam-drawers";
const NARROW = 1180; // of the toolbar beside the map of the cohort: its tools go below a button
const STACKED = 1000; // it takes two lines
const viewers = new WeakMap();
let libraries = null;

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

function base() {
  return (globalThis.__streamlit?.MAIN_PAGE_BASE_URL ?? new URL(".", document.baseURI).href).replace(/\/?$/, "/");
}

function load(head) {
  libraries ??= Promise.all(["scene", "tools", "loader"].map((name) => import(`${base()}${head.scripts}/reading_${name}.js`)));
  return libraries;
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.panes = [...root.querySelectorAll(".pane")];
    this.scenes = [];
    this.plane = "axial";
    this.back = "all";
    this.tool = null;
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
    const [{ Scene }, tools, loader] = await load(head);
    Object.assign(this, { head, tools, loader });
    const isFirst = !this.view;
    if (isFirst) this.start(head.view);
    this.furnish();
    while (this.panes.length < head.panes.length) {
      const pane = this.panes[1].cloneNode(true);
      this.panes.at(-1).after(pane);
      this.panes.push(pane);
    }
    for (const [n, pane] of this.panes.entries()) pane.hidden = n >= head.panes.length;
    this.scenes.length = Math.min(this.scenes.length, head.panes.length);
    this.layOut();
    let isNew = false;
    for (const [n, pane] of head.panes.entries()) {
      const canvas = this.panes[n].querySelector("canvas");
      this.scenes[n] ??= this.open(Scene, canvas, n);
      const isOther = this.scenes[n].load(pane);
      if (isOther) this.fetchOwn(this.scenes[n], pane, n);
      isNew = isOther || isNew;
      this.panes[n].querySelector("figcaption").textContent = pane.title;
      canvas.setAttribute("aria-label", pane.alt);
    }
    this.fitControls();
    this.scenes[0].goToGrid(isFirst && head.view.voxel ? head.view.voxel : isNew ? head.panes[0].peak : this.scenes[0].gridVoxel);
    this.follow(this.scenes[0]);
    this.draw();
    this.root.dataset.shown = head.panes.map((pane) => `${pane.scan.id} ${pane.map?.id ?? ""}`).join(" ");
    performance.mark("clam-viewer-shown");
  }

  // A canvas keeps its listeners: they ask for the scene that is there when they are called.
  open(Scene, canvas, n) {
    const scene = new Scene(canvas, this.head.colors);
    scene.number = n;
    if (this.heard?.[n]) {
      const fresh = canvas.cloneNode();
      canvas.replaceWith(fresh);
      Object.assign(scene, { canvas: fresh, pen: fresh.getContext("2d") });
      scene.marks.pen = scene.pen;
    }
    (this.heard ??= [])[n] = true;
    this.tools.listen(scene.canvas, this, scene);
    this.watch.observe(scene.canvas);
    return scene;
  }

  fetchOwn(scene, pane, n) {
    const turn = (scene.fetching = (scene.fetching ?? 0) + 1);
    const say = (text, isTrouble) => {
      this.panes[n].querySelector(".progress").textContent = isTrouble ? "" : text;
      this.trouble(n, isTrouble ? text : "");
      if (!text) this.panes[n].dataset.own = "all";
    };
    delete this.panes[n].dataset.own;
    this.panes[n].querySelector(".progress").textContent = "";
    this.trouble(n, "");
    if (!pane.voxels) return;
    const isCurrent = () => this.scenes[n] === scene && scene.fetching === turn && this.root.isConnected;
    this.loader.fetchOwn(`${base()}voxels/${pane.voxels.ticket}`, {
      isCurrent,
      say,
      near: () => scene.at[2],
      begin: (info) => {
        scene.becomeOwn(info);
        this.follow(scene);
        this.redraw();
      },
      put: (chunk, first) => {
        const isSeen = scene.at[2] >= first && scene.at[2] < first + chunk.length / scene.scan.stride[2];
        scene.scan.put(chunk, first);
        // The other planes change little with each chunk: they follow when all is here.
        if (isSeen || scene.scan.nArrived === scene.scan.shape[2]) this.redraw();
        if (isSeen) performance.mark("clam-viewer-sharp");
        this.readAtCrosshair();
      },
    });
  }

  trouble(n, text) {
    (this.troubles ??= [])[n] = text;
    this.root.querySelector(".trouble").textContent = [...new Set(this.troubles.filter(Boolean))].join(" ");
    this.layOut();
  }

  start(view) {
    this.view = { ...view };
    const windows = this.control("window");
    const named = Object.entries(this.head.windows).map(([name]) => new Option(name, name));
    windows.replaceChildren(...named, new Option("own window", "custom"));
    const [level, width] = this.head.windows[view.window] ?? view.window.split("/").map(Number);
    Object.assign(this.view, { level, width });
    windows.value = this.head.windows[view.window] ? view.window : "custom";
    this.opened = { ...this.view, window: windows.value };
    this.write();
  }

  // What is shown, into the controls.
  write() {
    for (const name of ["plane", "style", "opacity", "threshold", "level", "width"]) this.control(name).value = this.view[name];
    this.control("mask").checked = this.view.mask;
  }

  listen() {
    for (const control of this.all("[data-name]")) {
      control.addEventListener("input", () => this.change(control));
      control.addEventListener("change", () => this.report());
    }
    for (const button of this.all("[data-key]")) {
      button.addEventListener("click", () => this.tools?.KEYS.find(([key]) => key === button.dataset.key)[2](this));
    }
    const more = this.root.querySelector(".more");
    more.addEventListener("click", () => more.setAttribute("aria-expanded", more.getAttribute("aria-expanded") !== "true"));
    this.root.querySelector(".close").addEventListener("click", () => this.shut?.());
    this.root.addEventListener("keydown", (event) => this.scenes.length && this.tools.pressed(event, this));
    this.watch = new ResizeObserver(() => this.scenes.length && (this.layOut(), this.redraw()));
    this.watch.observe(this.root);
    this.onResize = () => this.layOut();
    addEventListener("resize", this.onResize);
  }

  // Beside the map of the cohort: which drawers are open is a matter of the style sheet alone.
  furnish() {
    const { room } = this.head;
    this.root.classList.toggle("in-room", Boolean(room));
    for (const one of this.all(".of-room")) one.hidden = !room;
    if (!room) return;
    this.root.querySelector(".title").textContent = room;
    this.drawers ??= { d: true, i: false, ...remembered() };
    for (const [key, isOpen] of Object.entries(this.drawers)) {
      document.documentElement.classList.toggle(`clam-${key}-${key === "d" ? "folded" : "open"}`, key === "d" ? !isOpen : isOpen);
      this.root.querySelector(`[data-key="${key}"]`).setAttribute("aria-pressed", isOpen);
    }
  }

  drawer(key) {
    if (!this.head.room) return;
    this.drawers[key] = !this.drawers[key];
    try {
      sessionStorage.setItem(DRAWERS, JSON.stringify(this.drawers));
    } catch { /* a browser that keeps nothing opens with the usual drawers */ }
    this.furnish();
    dispatchEvent(new Event("resize")); // the chart of the map takes its new room
  }

  change(control) {
    const { name } = control.dataset;
    if (name === "window") {
      const preset = this.head.windows[control.value];
      if (preset) [this.view.level, this.view.width] = preset;
    } else if (control.type === "checkbox") this.view[name] = control.checked;
    else if (control.tagName === "SELECT") this.view[name] = control.value;
    else if (control.value !== "") this.view[name] = Number(control.value);
    this.changed();
  }

  changed() {
    this.write();
    this.fitControls();
    this.layOut();
    this.redraw();
    this.reportSoon();
  }

  get window() {
    const { level, width } = this.view;
    return [level - Math.max(1, width) / 2, level + Math.max(1, width) / 2];
  }

  // Steps of the window by mouse: in HU for CT, in proportion to what there is elsewhere.
  get gain() {
    return this.head.unit === "HU" ? 1 : this.opened.width / 1500;
  }

  // Controls that mean nothing here are not shown.
  fitControls() {
    const [pane] = this.head.panes;
    for (const label of this.all(".custom")) label.hidden = this.control("window").value !== "custom";
    for (const label of this.all(".of-map")) label.hidden = !pane.map;
    for (const label of this.all(".of-mask")) label.hidden = !pane.mask;
    for (const name of ["opacity", "threshold"]) this.root.querySelector(`[data-of="${name}"]`).textContent = `${Math.round(100 * this.view[name])} %`;
    for (const [key, isOn] of [["l", this.tool === "length"], ["e", this.tool === "ellipse"], ["s", this.scenes[0]?.slab > 0], [" ", Boolean(this.timer)]]) {
      this.root.querySelector(`[data-key="${key}"]`).setAttribute("aria-pressed", isOn);
    }
    for (const button of this.all("[data-key]")) {
      const [key, words] = this.tools.KEYS.find(([name]) => name === button.dataset.key);
      button.title = `${words} (${key === " " ? "Space" : key.length === 1 ? key.toUpperCase() : key})`;
    }
    if (AXIS_NAMES.includes(this.view.plane)) this.plane = this.view.plane;
  }

  // As high as the window allows; higher where planes are stacked.
  layOut() {
    if (!this.view) return;
    this.root.classList.toggle("narrow", this.root.clientWidth < NARROW);
    this.root.classList.toggle("stacked", this.root.clientWidth < STACKED);
    const isFull = document.fullscreenElement || this.root.getRootNode().fullscreenElement;
    const bar = this.root.querySelector(".bar").offsetHeight + (this.root.querySelector(".trouble")?.offsetHeight ?? 0);
    const width = this.root.clientWidth / Math.max(1, this.head.panes.length);
    const stage = this.root.querySelector(".stage");
    const host = this.root.getRootNode().host ?? this.root;
    const scrolled = host.closest?.('[data-testid="stMain"]')?.scrollTop ?? 0;
    const top = stage.getBoundingClientRect().top + scrolled;
    // Near the top of the page the picture ends where the window ends; further down it fills the window.
    const above = isFull ? bar + 4 : top < 0.3 * innerHeight ? top + 4 : bar + ABOVE;
    const room = Math.max(360, innerHeight - above);
    const isStack = !AXIS_NAMES.includes(this.view.plane) && width < 800 && width < 1.15 * room && !isFull;
    const height = isStack && this.head.panes.length === 1 ? Math.max(room, Math.round(1.8 * width)) : room;
    stage.style.setProperty("--stage-height", `${height}px`);
  }

  draw(isMoving = false) {
    for (const scene of this.scenes) scene.show(this.view, this.window, this.head.diverging, this.head.unit, isMoving);
    this.drawnMs = Math.max(...this.scenes.map((scene) => scene.drawnMs ?? 0));
  }

  redraw() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.draw(true);
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.scenes.length && this.draw(), SMOOTH_MS);
    });
  }

  over(scene, plane) {
    Object.assign(this, { active: scene, plane });
  }

  point(scene, voxel) {
    scene.go(voxel);
    this.moved(scene);
  }

  step(by) {
    const scene = this.scenes.includes(this.active) ? this.active : this.scenes[0];
    scene.step(this.plane, by);
    this.moved(scene);
  }

  turned(event) {
    this.wheel = event.deltaMode === 0 ? (this.wheel ?? 0) + event.deltaY : 60 * event.deltaY;
    const steps = Math.trunc(this.wheel / 50);
    if (!steps) return;
    this.wheel = 0;
    this.step(-Math.sign(steps));
  }

  moved(scene) {
    this.follow(scene);
    this.redraw();
    this.reportSoon();
  }

  // The other pane goes to the corresponding place, the values follow.
  follow(scene) {
    for (const other of this.scenes) if (other !== scene) other.goToShare(scene.share);
    this.view.voxel = this.scenes[0].gridVoxel;
    this.readAtCrosshair();
  }

  peak() {
    this.scenes[0].goToGrid(this.head.panes[0].peak);
    this.moved(this.scenes[0]);
  }

  setWindow(level, width) {
    Object.assign(this.view, { level: Math.round(level), width: Math.round(width) });
    this.control("window").value = "custom";
    this.changed();
  }

  preset(n) {
    const name = Object.keys(this.head.windows)[n];
    if (!name) return;
    this.control("window").value = name;
    this.change(this.control("window"));
  }

  toggleMap(other = "off") {
    this.view.style = this.view.style === other ? "fill" : other;
    this.changed();
  }

  nudge(name, by) {
    this.view[name] = Math.min(1, Math.max(0, Math.round(20 * (this.view[name] + by)) / 20));
    this.changed();
  }

  use(tool) {
    this.tool = this.tool === tool ? null : tool;
    this.fitControls();
  }

  putDown() {
    this.tool = null;
    this.root.querySelector(".more").setAttribute("aria-expanded", "false");
    this.root.querySelector(".help").hidden = true;
    this.fitControls();
  }

  slab() {
    for (const scene of this.scenes) {
      const [slab, kind] = !scene.slab ? [10, "MIP"] : scene.kind === "MIP" ? [10, "MinIP"] : [0, "MIP"];
      Object.assign(scene, { slab, kind });
    }
    this.fitControls();
    this.redraw();
  }

  cine() {
    if (this.timer) clearInterval(this.timer);
    this.timer = this.timer ? null : setInterval(() => {
      const scene = this.scenes[0];
      const axis = AXIS_NAMES.indexOf(this.plane);
      scene.step(this.plane, scene.at[axis] === 0 ? scene.scan.shape[axis] : -1);
      this.follow(scene);
      this.redraw();
    }, CINE_MS);
    if (!this.timer) this.reportSoon();
    this.fitControls();
  }

  layout(plane) {
    this.view.plane = plane;
    this.changed();
  }

  enlarge(plane) {
    for (const scene of this.scenes) scene.large = plane;
    this.plane = plane;
    this.layout(AXIS_NAMES.includes(this.view.plane) ? plane : "all");
  }

  oneAndBack(plane) {
    const isOne = AXIS_NAMES.includes(this.view.plane);
    if (!isOne) this.back = this.view.plane;
    this.layout(isOne ? this.back : plane);
  }

  nextLayout() {
    const next = { all: "row", row: this.plane };
    this.layout(next[this.view.plane] ?? "all");
  }

  reset() {
    for (const scene of this.scenes) scene.home();
    this.control("window").value = this.opened.window;
    Object.assign(this.view, this.opened);
    this.tool = null;
    this.follow(this.scenes[0]);
    this.changed();
  }

  save() {
    this.draw();
    this.scenes[0].canvas.toBlob((blob) => {
      const address = URL.createObjectURL(blob);
      Object.assign(document.createElement("a"), { href: address, download: "scan.png" }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    });
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.root.requestFullscreen?.().catch(() => this.say("This browser does not allow full screen here."));
  }

  help() {
    const help = this.root.querySelector(".help");
    help.replaceChildren(...this.tools.helpRows().flatMap(([key, words]) =>
      [["b", key], ["span", words]].map(([tag, text]) => Object.assign(document.createElement(tag), { textContent: text }))));
    help.hidden = !help.hidden;
  }

  read(scene, at) {
    const tile = scene.tileUnder(at);
    if (!tile) return;
    this.over(scene, tile.plane);
    this.describe(scene, scene.voxelAt(tile, at));
  }

  readAtCrosshair() {
    for (const scene of this.scenes) this.describe(scene, scene.at);
  }

  describe(scene, voxel) {
    const values = scene.scan?.at(voxel);
    const parts = [];
    if (values && values.scan !== null) parts.push(`${Math.round(values.scan)}${this.head.unit === "HU" ? " HU" : ""}`);
    if (values && values.map !== null) parts.push(`map ${Math.round(100 * values.map)} %`);
    if (values) parts.push(voxel.map((index, axis) => `${AXIS_NAMES[axis]} ${Math.round(index) + 1}`).reverse().join(", "));
    this.panes[scene.number].querySelector("output").textContent = parts.join(" · ");
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
    clearTimeout(this.resting);
    clearInterval(this.timer);
    removeEventListener("resize", this.onResize);
    this.watch.disconnect();
    this.scenes.length = 0;
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(DRAWERS) ?? "{}");
  } catch {
    return {};
  }
}

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  if (!viewers.has(root)) viewers.set(root, new Viewer(root));
  const viewer = (root.clamViewer = viewers.get(root));
  viewer.tell = setStateValue;
  viewer.shut = () => setTriggerValue("closed", true);
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
