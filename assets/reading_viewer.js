// What is shown and where: scenes with their scans, moving through them, and one message at rest.
import { Controls } from "./reading_controls.js";
import { AXIS_NAMES } from "./reading_geometry.js";
import { fetchOwn } from "./reading_loader.js";
import { Room } from "./reading_room.js";
import { Scene } from "./reading_scene.js";
import { listen } from "./reading_tools.js";

const REST_MS = 1000;
const SMOOTH_MS = 150; // after so long without a change the picture is drawn in its best quality
const CINE_MS = 66; // 15 slices in a second

export class Viewer {
  // `base` is the address of the app, with a slash at its end.
  constructor(root, base) {
    Object.assign(this, { root, base, scenes: [], plane: "axial", back: "all", tool: null });
    this.panes = [...root.querySelectorAll(".pane")];
    this.room = new Room(this);
    this.controls = new Controls(this);
    this.watch = new ResizeObserver(() => this.scenes.length && (this.room.layOut(), this.redraw()));
    this.watch.observe(root);
    this.onResize = () => this.room.layOut();
    addEventListener("resize", this.onResize);
  }

  // 2D scans: one plane, nothing to scroll through.
  get isFlat() {
    return this.head?.panes[0].shape[2] === 1;
  }

  say(text) {
    this.root.querySelector(".message").textContent = text;
  }

  // Show what the server sent; anything but new volumes leaves the view as it is.
  update(head) {
    this.head = head;
    const isFirst = !this.view;
    if (isFirst) this.controls.start(head.view);
    this.room.furnish();
    while (this.panes.length < head.panes.length) {
      const pane = this.panes[1].cloneNode(true);
      this.panes.at(-1).after(pane);
      this.panes.push(pane);
    }
    for (const [n, pane] of this.panes.entries()) pane.hidden = n >= head.panes.length;
    this.scenes.length = Math.min(this.scenes.length, head.panes.length);
    this.room.layOut();
    let isNew = false;
    for (const [n, pane] of head.panes.entries()) {
      const canvas = this.panes[n].querySelector("canvas");
      this.scenes[n] ??= this.open(canvas, n);
      const isOther = this.scenes[n].load(pane);
      if (isOther) this.fetchOwn(this.scenes[n], pane, n);
      isNew = isOther || isNew;
      this.panes[n].querySelector("figcaption").textContent = pane.title;
      canvas.setAttribute("aria-label", pane.alt);
    }
    this.controls.fit();
    this.scenes[0].goToGrid(isFirst && head.view.voxel ? head.view.voxel : isNew ? head.panes[0].peak : this.scenes[0].gridVoxel);
    this.follow(this.scenes[0]);
    this.draw();
    this.root.dataset.shown = head.panes.map((pane) => `${pane.scan.id} ${pane.map?.id ?? ""}`).join(" ");
    performance.mark("clam-viewer-shown");
  }

  // A canvas keeps its listeners: they ask for the scene that is there when they are called.
  open(canvas, n) {
    const scene = new Scene(canvas, this.head.colors);
    scene.number = n;
    if (this.heard?.[n]) {
      const fresh = canvas.cloneNode();
      canvas.replaceWith(fresh);
      Object.assign(scene, { canvas: fresh, pen: fresh.getContext("2d") });
      scene.marks.pen = scene.pen;
    }
    (this.heard ??= [])[n] = true;
    listen(scene.canvas, this, scene);
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
    fetchOwn(`${this.base}voxels/${pane.voxels.ticket}`, {
      isCurrent,
      say,
      near: () => scene.at[2],
      begin: (info) => {
        scene.becomeOwn(info);
        this.follow(scene);
        this.redraw();
      },
      leave: () => {
        scene.becomeGrid();
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
    this.room.layOut();
  }

  changed() {
    this.controls.write();
    this.controls.fit();
    this.room.layOut();
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
    this.controls.control("window").value = "custom";
    this.changed();
  }

  preset(n) {
    const name = Object.keys(this.head.windows)[n];
    if (!name) return;
    this.controls.control("window").value = name;
    this.controls.change(this.controls.control("window"));
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
    this.controls.fit();
  }

  putDown() {
    this.tool = null;
    this.controls.putDown();
  }

  slab() {
    for (const scene of this.scenes) {
      const [slab, kind] = !scene.slab ? [10, "MIP"] : scene.kind === "MIP" ? [10, "MinIP"] : [0, "MIP"];
      Object.assign(scene, { slab, kind });
    }
    this.controls.fit();
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
    this.controls.fit();
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
    this.controls.control("window").value = this.opened.window;
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

  read(scene, at) {
    const tile = scene.tileUnder(at);
    if (!tile) return;
    this.over(scene, tile.plane);
    this.controls.describe(scene, scene.voxelAt(tile, at));
  }

  readAtCrosshair() {
    for (const scene of this.scenes) this.controls.describe(scene, scene.at);
  }

  reportSoon() {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.report(), REST_MS);
  }

  report() {
    clearTimeout(this.rest);
    const { plane, style, opacity, threshold, mask, level, width, voxel } = this.view;
    const chosen = this.controls.control("window").value;
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
