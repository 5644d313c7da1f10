// One scan with its map on one canvas: which plane lies where, and what is in it.
import { greys, mapColors } from "./reading_colors.js";
import { PLANES, contour, moved } from "./reading_geometry.js";
import { Marks } from "./reading_marks.js";
import { Scan } from "./reading_scan.js";

const GAP = 3;
const NAMES = Object.keys(PLANES);
const WORDS = { axial: "Axial", coronal: "Coronal", sagittal: "Sagittal" };

// Where the planes lie: one, one large and two, three; stacked where the room is higher than wide.
export function boxes(layout, large, W, H) {
  if (PLANES[layout]) return [[layout, [0, 0, W, H]]];
  const isWide = W > H;
  if (layout === "row" || (!isWide && H > 1.6 * W)) {
    return NAMES.map((name, n) => [name, isWide ? [(n * W) / 3, 0, W / 3 - GAP, H] : [0, (n * H) / 3, W, H / 3 - GAP]]);
  }
  const rest = NAMES.filter((name) => name !== large);
  const share = Math.round((isWide ? W : H) * 0.64);
  return isWide
    ? [[large, [0, 0, share - GAP, H]], ...rest.map((name, n) => [name, [share, (n * H) / 2, W - share, H / 2 - GAP * (1 - n)]])]
    : [[large, [0, 0, W, share - GAP]], ...rest.map((name, n) => [name, [(n * W) / 2, share, W / 2 - GAP * (1 - n), H - share]])];
}

export class Scene {
  constructor(canvas, colors) {
    Object.assign(this, { canvas, colors, pen: canvas.getContext("2d"), notes: [], ids: {}, at: [0, 0, 0], large: "axial", slab: 0, kind: "MIP" });
    this.tiles = Object.fromEntries(NAMES.map((plane) => [plane, { plane, zoom: 1, x: 0, y: 0, sheet: document.createElement("canvas"), tint: document.createElement("canvas") }]));
    this.marks = new Marks(this);
    this.turn = 0;
  }

  // Take volumes in. Returns whether the scan is another one.
  load(pane) {
    const isNew = this.ids.scan !== pane.scan.id;
    if (isNew) {
      this.scan = new Scan(pane);
      this.notes = [];
      this.home();
    }
    this.ids = { scan: pane.scan.id };
    this.scan.overlay(pane);
    this.speaks = pane.speaks;
    this.isSmooth = pane.smooth;
    this.turn += 1;
    return isNew;
  }

  becomeOwn(info) {
    this.reframe(() => this.scan.becomeOwn(info));
  }

  becomeGrid() {
    this.reframe(() => this.scan.becomeGrid());
  }

  // Other voxels at the same place.
  reframe(change) {
    const place = moved(this.scan.affine, this.at);
    change();
    this.turn += 1;
    this.go(moved(this.scan.fromMm, place));
  }

  show(view, window, diverging, unit, isMoving = false) {
    Object.assign(this, { view, window, diverging, unitName: unit === "HU" ? " HU" : "" });
    this.draw(isMoving);
  }

  // While something moves, pictures are enlarged by the quick way; at rest by the one that is smooth.
  draw(isMoving = false) {
    if (!this.view || !this.scan) return;
    const start = performance.now();
    const [W, H] = [this.canvas.clientWidth, this.canvas.clientHeight].map((n) => Math.round(n * devicePixelRatio));
    if (!W || !H) return;
    if (this.canvas.width !== W || this.canvas.height !== H) Object.assign(this.canvas, { width: W, height: H });
    this.pen.fillStyle = "#000";
    this.pen.fillRect(0, 0, W, H);
    const { threshold, opacity, style } = this.view;
    const { slope, intercept } = this.scan;
    this.greys = remember(this.greys, [...this.window, slope, intercept], () => greys(this.window, slope, intercept));
    this.tints = remember(this.tints, [threshold, opacity, this.diverging], () => mapColors(this.colors.tables, threshold, opacity, this.diverging));
    this.solid = remember(this.solid, [threshold, this.diverging], () => mapColors(this.colors.tables, threshold, 1, this.diverging));
    this.quality = isMoving ? "low" : "high";
    for (const tile of Object.values(this.tiles)) tile.box = null;
    const shown = boxes(this.scan.isFlat ? "axial" : this.view.plane, this.large, W, H);
    for (const [n, [plane, box]] of shown.entries()) this.paint(this.tiles[plane], box, n === 0, style);
    this.drawnMs = performance.now() - start;
  }

  paint(tile, box, isFirst, style) {
    this.fill(tile);
    this.place(tile, box);
    const { pen, scan } = this;
    pen.save();
    pen.beginPath();
    pen.rect(...box);
    pen.clip();
    if (!tile.isSharp) this.hatch(tile);
    pen.imageSmoothingQuality = this.quality;
    pen.drawImage(tile.sheet, tile.left, tile.top, tile.width, tile.height);
    pen.imageSmoothingEnabled = this.isSmooth;
    if (scan.map && style === "fill") pen.drawImage(tile.tint, tile.left, tile.top, tile.width, tile.height);
    pen.imageSmoothingEnabled = true;
    for (const [lines, color] of this.outlines(tile, style)) this.marks.outline(tile, lines, color);
    this.marks.crosshair(tile);
    if (!scan.isFlat) this.marks.letters(tile, this.name(tile.plane));
    if (isFirst) {
      if (scan.isSized) this.marks.scale(tile);
      if (scan.map && style !== "off") this.marks.bar(tile, this.solid.made, this.diverging, this.speaks);
    }
    this.marks.notes(tile);
    pen.restore();
  }

  // The pictures of scan and map, one pixel for each voxel; made again only where something has changed.
  fill(tile) {
    const { scan, slab, kind } = this;
    const [cut, across, up] = PLANES[tile.plane];
    const index = this.at[cut];
    [tile.w, tile.h] = [scan.shape[across], scan.shape[up]];
    tile.isSharp = scan.isSharp(tile.plane, index);
    const seen = [this.turn, index, slab, kind, tile.isSharp || scan.nArrived].join();
    const isOther = tile.seen !== seen;
    if (isOther) {
      tile.values = scan.slice(tile.plane, index, slab, kind);
      tile.drawnGreys = null;
    }
    const of = [this.turn, index, this.isSmooth].join();
    if (tile.of !== of) {
      tile.map = scan.mapSlice(tile.plane, index, this.isSmooth);
      Object.assign(tile, { of, drawnTints: null, mask: null, lines: null });
    }
    if (tile.drawnGreys !== this.greys) picture(tile.sheet, tile, tile.values, this.greys.made, 65535);
    if (tile.map && tile.drawnTints !== this.tints) picture(tile.tint, tile, tile.map, this.tints.made, 255);
    Object.assign(tile, { seen, drawnGreys: this.greys, drawnTints: this.tints });
  }

  place(tile, box) {
    const { mm } = this.scan;
    const [, across, up] = PLANES[tile.plane];
    const size = [tile.w * mm[across], tile.h * mm[up]];
    const scale = Math.min(box[2] / size[0], box[3] / size[1]) * tile.zoom;
    const [width, height] = size.map((n) => n * scale);
    const left = box[0] + (box[2] - width) / 2 + tile.x;
    const top = box[1] + (box[3] - height) / 2 + tile.y;
    Object.assign(tile, { box, scale, width, height, left, top });
  }

  // What lies outside the grid is not known yet, which is not air.
  hatch(tile) {
    const step = 8 * devicePixelRatio;
    const lines = [];
    for (let x = -tile.height; x < tile.width; x += step) lines.push([[tile.left + x, tile.top + tile.height], [tile.left + x + tile.height, tile.top]]);
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(tile.left, tile.top, tile.width, tile.height);
    this.pen.clip();
    this.marks.line(lines, "#445", 1);
    this.pen.restore();
  }

  outlines(tile, style) {
    const { lines: colors } = this.colors;
    const level = Math.max(127 * this.view.threshold, 0.5);
    const wanted = [level, style, this.view.mask, this.diverging].join();
    if (tile.lines?.wanted === wanted) return tile.lines.found;
    const found = [];
    if (this.view.mask && this.scan.mask) {
      tile.mask ??= this.scan.maskSlice(tile.plane, this.at[PLANES[tile.plane][0]]);
      found.push([contour(tile.mask, tile.w, tile.h, 0.5), colors.mask]);
    }
    if (tile.map && style === "outline") {
      found.push([contour(tile.map, tile.w, tile.h, level), colors.for]);
      if (this.diverging) found.push([contour(tile.map, tile.w, tile.h, level, -1), colors.against]);
    }
    tile.lines = { wanted, found };
    return found;
  }

  name(plane) {
    const [cut] = PLANES[plane];
    const { numbers, shape } = this.scan;
    const index = this.at[cut];
    const number = cut === 2 && numbers ? `Im ${numbers[index]} / ${shape[2]}` : `${index + 1} / ${shape[cut]}`;
    return `${WORDS[plane]}  ${number}${this.slab ? `  ${this.kind} ${this.slab} mm` : ""}`;
  }

  home() {
    for (const tile of Object.values(this.tiles)) Object.assign(tile, { zoom: 1, x: 0, y: 0 });
    Object.assign(this, { slab: 0, kind: "MIP", notes: [] });
  }

  pixel(tile, voxel) {
    const [, across, up] = PLANES[tile.plane];
    return [tile.left + ((tile.w - 0.5 - voxel[across]) / tile.w) * tile.width, tile.top + ((tile.h - 0.5 - voxel[up]) / tile.h) * tile.height];
  }

  voxelAt(tile, [x, y]) {
    const [, across, up] = PLANES[tile.plane];
    const voxel = [...this.at];
    voxel[across] = tile.w - 0.5 - ((x - tile.left) / tile.width) * tile.w;
    voxel[up] = tile.h - 0.5 - ((y - tile.top) / tile.height) * tile.h;
    return voxel;
  }

  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * devicePixelRatio, (event.clientY - box.top) * devicePixelRatio];
  }

  tileUnder([x, y]) {
    return Object.values(this.tiles).find(({ box }) => box && x >= box[0] && x < box[0] + box[2] && y >= box[1] && y < box[1] + box[3]) ?? null;
  }

  zoom(tile, factor, [x, y]) {
    const by = Math.min(16, Math.max(0.5, tile.zoom * factor)) / tile.zoom;
    tile.x += (x - (tile.box[0] + tile.box[2] / 2 + tile.x)) * (1 - by);
    tile.y += (y - (tile.box[1] + tile.box[3] / 2 + tile.y)) * (1 - by);
    tile.zoom *= by;
  }

  go(voxel) {
    this.at = voxel.map((n, a) => Math.min(this.scan.shape[a] - 1, Math.max(0, Math.round(n))));
  }

  step(plane, by) {
    const voxel = [...this.at];
    voxel[PLANES[plane][0]] += by;
    this.go(voxel);
  }

  // In voxels of the study's grid: they are what the address and the other pane know.
  get gridVoxel() {
    return moved(this.scan.toGrid, this.at).map((n, a) => Math.min(this.scan.grid.shape[a] - 1, Math.max(0, Math.round(n))));
  }

  goToGrid(voxel) {
    this.go(moved(this.scan.fromGrid, voxel));
  }

  // Share of the way along each axis of the grid: the place in another scan that corresponds to this one.
  get share() {
    return moved(this.scan.toGrid, this.at).map((n, a) => n / Math.max(1, this.scan.grid.shape[a] - 1));
  }

  goToShare(share) {
    this.goToGrid(share.map((n, a) => n * (this.scan.grid.shape[a] - 1)));
  }
}

function remember(before, parts, make) {
  const wanted = parts.join();
  return before?.wanted === wanted ? before : { wanted, made: make() };
}

// The pixels of a picture are kept: a window that is dragged makes no new ones.
function picture(canvas, { w, h }, values, table, bits) {
  if (canvas.width !== w || canvas.height !== h || !canvas.pixels) {
    Object.assign(canvas, { width: w, height: h, pixels: new ImageData(w, h) });
    canvas.words = new Uint32Array(canvas.pixels.data.buffer);
  }
  const into = canvas.words;
  for (let n = 0; n < into.length; n++) into[n] = table[values[n] & bits];
  canvas.getContext("2d").putImageData(canvas.pixels, 0, 0);
}
