// One scan with its map in one canvas: everything here that knows NiiVue.

const PLANES = { axial: 0, coronal: 1, sagittal: 2, all: 3 };
const PLANE_OF_TILE = ["axial", "coronal", "sagittal"];
const AXIS = { axial: 2, coronal: 1, sagittal: 0 };
const HEADER_BYTES = 352; // of a NIfTI file
const LOWEST = 0.004; // nothing is drawn where a map is zero
const COLORED_FROM_ZERO = 1; // NiiVue: colours run from 0 to the top, nothing below the threshold

export class Scene {
  static async open(niivue, canvas, marks, colors) {
    const scene = new Scene();
    scene.niivue = niivue;
    scene.canvas = canvas;
    scene.marks = marks;
    scene.colors = colors;
    scene.ids = {};
    scene.volumes = {};
    scene.nv = new niivue.Niivue({
      backColor: [0, 0, 0, 1],
      crosshairWidth: 0,
      dragAndDropEnabled: false,
      dragMode: niivue.DRAG_MODE.pan,
      isOrientationTextVisible: false,
      isRadiologicalConvention: true,
      logLevel: "error",
      multiplanarShowRender: niivue.SHOW_RENDER.NEVER,
      multiplanarLayout: niivue.MULTIPLANAR_TYPE.ROW,
      sagittalNoseLeft: true,
      show3Dcrosshair: false,
      tileMargin: 2,
    });
    for (const name of ["clipPlaneHotKey", "cycleClipPlaneHotKey", "viewModeHotKey"]) scene.nv.opts[name] = "";
    for (const [name, table] of Object.entries(colors.tables)) scene.nv.addColormap(`clam-${name}`, table);
    await scene.nv.attachToCanvas(canvas);
    const draw = scene.nv.drawScene.bind(scene.nv);
    scene.nv.drawScene = (...given) => {
      draw(...given);
      scene.mark();
    };
    return scene;
  }

  // Put volumes in; those that are there already stay. Returns whether the scan is another one.
  async load(parts) {
    const isNew = this.ids.scan !== parts.scan.id;
    for (const name of ["scan", "map"]) {
      if (this.ids[name] === parts[name]?.id) continue;
      this.volumes[name] = parts[name] ? await this.read(parts[name], name) : null;
      this.ids[name] = parts[name]?.id;
    }
    this.values = { map: valuesOf(parts.map, Int8Array), mask: valuesOf(parts.mask, Uint8Array) };
    const wanted = [this.volumes.scan, this.volumes.map].filter(Boolean);
    const position = Array.from(this.nv.scene.crosshairPos);
    // As NiiVue's own addVolume does, but without drawing after each of them.
    Object.assign(this.nv, { volumes: wanted, back: wanted[0], overlays: wanted.slice(1) });
    this.nv.opts.isNearestInterpolation = !parts.smooth;
    if (!isNew) this.nv.scene.crosshairPos = position;
    return isNew;
  }

  async read(part, name) {
    const file = new File([part.bytes], `${name}.nii`);
    return this.niivue.NVImage.loadFromFile({ file, name: file.name });
  }

  // Draw with these settings.
  show(view, window, diverging) {
    const { scan, map } = this.volumes;
    this.view = view;
    this.diverging = diverging;
    [scan.cal_min, scan.cal_max] = window;
    if (map) {
      const low = Math.max(view.threshold, LOWEST);
      map.colormap = "clam-for";
      map.colormapNegative = diverging ? "clam-against" : "";
      map.colormapType = COLORED_FROM_ZERO;
      Object.assign(map, { cal_min: low, cal_max: 1, cal_minNeg: -1, cal_maxNeg: -low });
      map.opacity = view.style === "fill" ? view.opacity : 0;
    }
    this.nv.opts.multiplanarLayout = this.niivue.MULTIPLANAR_TYPE[this.isWide() ? "ROW" : "GRID"];
    this.nv.opts.sliceType = PLANES[view.plane];
    const seen = [window, this.ids.scan, this.ids.map, this.nv.opts.isNearestInterpolation].join();
    if (seen === this.seen) {
      if (map) this.nv.refreshLayers(map, 1); // the scan itself looks as before
      this.nv.drawScene();
      return;
    }
    this.seen = seen;
    this.nv.updateGLVolume();
    this.nv.setInterpolation(this.nv.opts.isNearestInterpolation);
  }

  // Lines and letters over the slices.
  mark() {
    if (!this.view || !this.nv.volumes.length) return;
    const { map, mask } = this.values;
    const { lines } = this.colors;
    const shape = this.shape;
    const level = 127 * Math.max(this.view.threshold, LOWEST);
    const layers = [];
    if (mask && this.view.mask) layers.push({ values: mask, shape, level: 0.5, sign: 1, color: lines.mask });
    if (map && this.view.style === "outline") {
      layers.push({ values: map, shape, level, sign: 1, color: lines.for });
      if (this.diverging) layers.push({ values: map, shape, level, sign: -1, color: lines.against });
    }
    this.marks.draw(this.tiles(), [this.canvas.width, this.canvas.height], this, layers);
  }

  // Each slice on screen: its box, and the pixels of the grid's first and last corner.
  tiles() {
    const found = [];
    for (const { leftTopWidthHeight: box, axCorSag: plane } of this.nv.screenSlices) {
      if (plane > 2) continue;
      const [across, up] = [[0, 1], [0, 2], [1, 2]][plane];
      const [left, top, width, height] = box;
      const inner = [0.4, 0.6].map((share) => [left + share * width, top + share * height]);
      const places = inner.map((at) => this.nv.canvasPos2frac(at));
      if (places.some((place) => place[0] < 0)) continue;
      const ends = [[across, 0], [up, 1]].map(([axis, n]) => {
        const perPixel = (places[1][axis] - places[0][axis]) / (inner[1][n] - inner[0][n]);
        const zero = inner[0][n] - places[0][axis] / perPixel;
        return [zero, zero + 1 / perPixel];
      });
      found.push({ plane, box, corner: [ends[0][0], ends[1][0]], opposite: [ends[0][1], ends[1][1]] });
    }
    return found;
  }

  isWide() {
    return this.canvas.clientWidth > 1.6 * this.canvas.clientHeight;
  }

  get shape() {
    return this.nv.volumes[0].dimsRAS.slice(1, 4);
  }

  get voxel() {
    return Array.from(this.nv.frac2vox(this.nv.scene.crosshairPos));
  }

  goTo(voxel) {
    this.nv.scene.crosshairPos = this.nv.vox2frac(voxel.map((n, a) => Math.min(this.shape[a] - 1, Math.max(0, n))));
    this.nv.drawScene();
  }

  // Share of the way along each axis: the place in another scan that corresponds to this one.
  get place() {
    return Array.from(this.nv.scene.crosshairPos);
  }

  goToPlace(place) {
    this.nv.scene.crosshairPos = place;
    this.nv.drawScene();
  }

  step(plane, by) {
    const voxel = this.voxel;
    voxel[AXIS[plane]] += by;
    this.goTo(voxel);
  }

  onMove(told) {
    this.nv.onLocationChange = told;
  }

  // Which plane lies under a pointer, and what is there: voxel, value of the scan, value of the map.
  under(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.width / box.width;
    const at = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    const tile = this.nv.screenSlices.find(({ leftTopWidthHeight: [left, top, width, height] }) =>
      at[0] >= left && at[0] < left + width && at[1] >= top && at[1] < top + height);
    if (!tile || tile.axCorSag > 2) return null;
    const place = this.nv.canvasPos2frac(at);
    if (place[0] < 0) return { plane: PLANE_OF_TILE[tile.axCorSag], values: null };
    return { plane: PLANE_OF_TILE[tile.axCorSag], ...this.valuesAt(place) };
  }

  valuesAt(place) {
    const mm = this.nv.frac2mm(place);
    const { scan, map } = this.volumes;
    const of = (volume) => {
      if (!volume) return null;
      const voxel = Array.from(volume.mm2vox(mm)).map(Math.round);
      return volume.getValue(...voxel);
    };
    return { voxel: Array.from(this.nv.frac2vox(place)), values: { scan: of(scan), map: of(map) } };
  }

  close() {
    this.nv.gl?.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

// Values of one of our own NIfTI files, without a copy.
function valuesOf(part, Type) {
  return part ? new Type(part.bytes.buffer, part.bytes.byteOffset + HEADER_BYTES) : null;
}
