// A scan as it is drawn: its own voxels as far as they are here, else the study's grid at the same places.
import { OUTSIDE, PLANES, inverse, moved, sampled, sizes, times } from "./reading_geometry.js";

const HEADER_BYTES = 352; // of a NIfTI file

const flat = (rows) => rows.slice(0, 3).flat();

export class Scan {
  constructor({ scan, shape, affine, sized }) {
    this.isSized = sized !== false; // pictures do not say how large a pixel is
    this.grid = { array: valuesOf(scan, Int16Array), shape, affine: flat(affine) };
    this.becomeGrid();
  }

  // Slices are those of the study's copy.
  becomeGrid() {
    this.frame({ shape: this.grid.shape, affine: this.grid.affine, slope: 1, intercept: 0, numbers: null });
    this.voxels = this.grid.array;
    this.arrived.fill(1);
  }

  // A 2D scan: one plane, whose sides are not known.
  get isFlat() {
    return this.grid.shape[2] === 1;
  }

  overlay({ map, mask }) {
    this.map = map ? { array: valuesOf(map, Int8Array), shape: this.grid.shape } : null;
    this.mask = mask ? { array: valuesOf(mask, Uint8Array), shape: this.grid.shape } : null;
  }

  // From now on slices are those of the scan itself.
  becomeOwn(info) {
    if (this.isOwn && info.shape.join() === this.shape.join()) { // a slice came early, and stays
      const { arrived } = this;
      this.frame({ ...info, affine: flat(info.affine) });
      Object.assign(this, { arrived, isOwn: true });
      return;
    }
    this.frame({ ...info, affine: flat(info.affine) });
    this.voxels = new Int16Array(info.shape[0] * info.shape[1] * info.shape[2]);
    this.isOwn = true;
  }

  frame({ shape, affine, slope, intercept, numbers }) {
    Object.assign(this, { shape, affine, slope, intercept, numbers, isOwn: false });
    this.arrived = new Uint8Array(shape[2]);
    this.stride = [1, shape[0], shape[0] * shape[1]];
    this.mm = sizes(affine);
    this.toGrid = times(inverse(this.grid.affine), affine);
    this.fromGrid = inverse(this.toGrid);
    this.fromMm = inverse(affine);
  }

  put(chunk, first) {
    this.voxels.set(chunk, first * this.stride[2]);
    this.arrived.fill(1, first, first + chunk.length / this.stride[2]);
  }

  get nArrived() {
    return this.arrived.reduce((sum, one) => sum + one, 0);
  }

  value(raw) {
    return raw === OUTSIDE ? null : this.slope * raw + this.intercept;
  }

  // What there is at a voxel: of the scan, and of the map where there is one.
  at(voxel) {
    const v = voxel.map(Math.round);
    if (v.some((n, a) => n < 0 || n >= this.shape[a])) return null;
    const near = moved(this.toGrid, v).map(Math.round);
    const isIn = near.every((n, a) => n >= 0 && n < this.grid.shape[a]);
    const o = isIn ? near[0] + this.grid.shape[0] * (near[1] + this.grid.shape[1] * near[2]) : 0;
    const own = this.arrived[v[2]] ? this.value(this.voxels[v[0] + v[1] * this.stride[1] + v[2] * this.stride[2]]) : null;
    return { scan: own ?? (isIn ? this.grid.array[o] : null), map: this.map && isIn ? this.map.array[o] / 127 : null };
  }

  isSharp(plane, index) {
    return plane === "axial" ? this.arrived[index] === 1 : this.nArrived === this.shape[2];
  }

  // Stored values of a slice, or of a slab around it, as it is drawn.
  slice(plane, index, slab = 0, kind = "MIP") {
    const [cut, across, up] = PLANES[plane];
    const [w, h] = [this.shape[across], this.shape[up]];
    const out = new Int16Array(w * h);
    if (!this.isSharp(plane, index)) {
      this.coarse(plane, index, out);
      if (cut === 2) return out;
    }
    const half = Math.round(slab / 2 / this.mm[cut]);
    const [from, to] = [Math.max(0, index - half), Math.min(this.shape[cut] - 1, index + half)];
    for (let y = 0; y < h; y++) {
      if (up === 2 && !this.arrived[h - 1 - y]) continue;
      this.row(out, y * w, (h - 1 - y) * this.stride[up] + (w - 1) * this.stride[across], this.stride[across], w, index, cut);
      for (let t = from; t <= to; t++) {
        if (t === index || (cut === 2 && !this.arrived[t])) continue;
        this.join(out, y * w, (h - 1 - y) * this.stride[up] + (w - 1) * this.stride[across] + t * this.stride[cut], this.stride[across], w, kind);
      }
    }
    return out;
  }

  row(out, start, at, step, width, index, cut) {
    for (let x = 0, o = at + index * this.stride[cut]; x < width; x++, o -= step) out[start + x] = this.voxels[o];
  }

  join(out, start, at, step, width, kind) {
    const isMost = kind === "MIP";
    for (let x = 0, o = at; x < width; x++, o -= step) {
      const value = this.voxels[o];
      if (isMost ? value > out[start + x] : value < out[start + x]) out[start + x] = value;
    }
  }

  coarse(plane, index, out) {
    sampled(this.grid, this.toGrid, this.shape, plane, index, out, OUTSIDE);
    if (this.slope === 1 && this.intercept === 0) return;
    for (let n = 0; n < out.length; n++) {
      if (out[n] !== OUTSIDE) out[n] = Math.round((out[n] - this.intercept) / this.slope);
    }
  }

  mapSlice(plane, index, isSmooth) {
    return this.map && this.sample(this.map, plane, index, new Int8Array(this.area(plane)), isSmooth);
  }

  maskSlice(plane, index) {
    return this.mask && this.sample(this.mask, plane, index, new Float32Array(this.area(plane)), true);
  }

  sample(part, plane, index, out, isSmooth) {
    return sampled(part, this.toGrid, this.shape, plane, index, out, 0, isSmooth);
  }

  area(plane) {
    const [, across, up] = PLANES[plane];
    return this.shape[across] * this.shape[up];
  }
}

// Values of one of our own NIfTI files, without a copy.
function valuesOf(part, Type) {
  return new Type(part.bytes.buffer, part.bytes.byteOffset + HEADER_BYTES);
}
