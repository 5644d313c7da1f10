// Places and values, without a browser: affines are lists of 12 numbers, row by row, voxel to mm.

// Axis that is cut, axis across, axis up. Every plane is drawn mirrored: the patient's right is on the left.
export const PLANES = { axial: [2, 0, 1], coronal: [1, 0, 2], sagittal: [0, 1, 2] };
export const AXIS_NAMES = ["sagittal", "coronal", "axial"]; // the plane that cuts each axis
export const OUTSIDE = -32768; // no value of a scan: beyond the grid

export function inverse([a, b, c, x, d, e, f, y, g, h, i, z]) {
  const det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const r = [e * i - f * h, c * h - b * i, b * f - c * e, f * g - d * i, a * i - c * g, c * d - a * f, d * h - e * g, b * g - a * h, a * e - b * d].map((v) => v / det);
  return [0, 3, 6].flatMap((n) => [r[n], r[n + 1], r[n + 2], -(r[n] * x + r[n + 1] * y + r[n + 2] * z)]);
}

export function times(p, q) {
  return [0, 4, 8].flatMap((r) =>
    [0, 1, 2, 3].map((c) => p[r] * q[c] + p[r + 1] * q[4 + c] + p[r + 2] * q[8 + c] + (c === 3 ? p[r + 3] : 0)));
}

export function moved(m, [x, y, z]) {
  return [0, 4, 8].map((r) => m[r] * x + m[r + 1] * y + m[r + 2] * z + m[r + 3]);
}

const column = (m, c) => [m[c], m[4 + c], m[8 + c]];

// Size of a voxel along each axis, in mm.
export function sizes(m) {
  return [0, 1, 2].map((c) => Math.hypot(...column(m, c)));
}

// Area of a pixel in mm2, also where the axes are not at right angles.
export function pixelArea(m, plane) {
  const [a, b] = PLANES[plane].slice(1).map((c) => column(m, c));
  return Math.hypot(a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]);
}

export function distance(p, q) {
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

// Values of an array of another grid at the voxels of a slice, as it is drawn. Trilinear, or the nearest. Where 0 lies
// outside, values fade to it over a voxel, as the export writes maps; else the outermost voxels reach half a voxel beyond.
export function sampled(part, toGrid, shape, plane, index, out, outside, isSmooth = true) {
  if (!isSmooth) return nearest(part, toGrid, shape, plane, index, out, outside);
  return (isUpright(toGrid, shape) ? alongAxes : anyhow)(part, toGrid, shape, plane, index, out, outside);
}

// Whether each axis runs along the same axis of the grid, to a millionth of a voxel.
function isUpright(toGrid, shape) {
  const off = [0, 1, 2].flatMap((r) => [0, 1, 2].map((c) => (r === c ? 0 : Math.abs(toGrid[4 * r + c]) * shape[c])));
  return Math.max(...off) < 1e-6;
}

// Where a place lies: the voxel before (-1 before the first), whether the next one counts, and its share; null outside.
function stop(place, size, isFading) {
  if (isFading) {
    if (!(place > -1 && place < size)) return null;
    const at = Math.floor(place);
    return [at, 1, place - at];
  }
  if (!(place > -0.5 && place < size - 0.5)) return null;
  const kept = Math.min(size - 1, Math.max(0, place));
  const at = kept | 0;
  return [at, kept > at ? 1 : 0, kept - at];
}

// The same for all voxels along an axis that is drawn backwards.
function stops(toGrid, axis, n, size, isFading) {
  const [at, next, share] = [new Int32Array(n), new Uint8Array(n), new Float64Array(n)];
  for (let v = 0; v < n; v++) {
    const found = stop(toGrid[5 * axis] * v + toGrid[4 * axis + 3], size, isFading);
    [at[n - 1 - v], next[n - 1 - v], share[n - 1 - v]] = found ?? [-2, 0, 0];
  }
  return { at, next, share };
}

// Where the axes agree, one axis after the other: several times faster than voxel by voxel.
function alongAxes({ array, shape: grid }, toGrid, shape, plane, index, out, outside) {
  const isFading = outside === 0;
  const pad = isFading ? 1 : 0; // zeros around what there is
  const [cut, across, up] = PLANES[plane];
  const [w, h] = [shape[across], shape[up]];
  const stride = [1, grid[0], grid[0] * grid[1]];
  const through = stop(toGrid[5 * cut] * index + toGrid[4 * cut + 3], grid[cut], isFading);
  if (!through) return out.fill(outside);
  const [here, next, share] = through;
  const [has, hasNext] = [here >= 0, here + next < grid[cut]];
  const g = grid[across] + 2 * pad;
  const layer = new Float64Array(g * (grid[up] + 2 * pad));
  for (let v = 0; v < grid[up]; v++) for (let u = 0; u < grid[across]; u++) {
    const o = here * stride[cut] + u * stride[across] + v * stride[up];
    const low = has ? array[o] : 0;
    layer[(v + pad) * g + u + pad] = low + share * ((hasNext ? array[o + next * stride[cut]] : 0) - low);
  }
  const columns = stops(toGrid, across, w, grid[across], isFading);
  const rows = stops(toGrid, up, h, grid[up], isFading);
  const line = new Float64Array(g);
  const isInt = !(out instanceof Float32Array || out instanceof Float64Array);
  for (let y = 0; y < h; y++) {
    const start = y * w;
    if (rows.at[y] < -1) {
      out.fill(outside, start, start + w);
      continue;
    }
    const low = (rows.at[y] + pad) * g;
    const high = low + rows.next[y] * g;
    for (let u = 0; u < g; u++) line[u] = layer[low + u] + rows.share[y] * (layer[high + u] - layer[low + u]);
    for (let x = 0; x < w; x++) {
      const o = columns.at[x] + pad;
      if (columns.at[x] < -1) out[start + x] = outside;
      else {
        const value = line[o] + columns.share[x] * (line[o + columns.next[x]] - line[o]);
        out[start + x] = isInt ? Math.floor(value + 0.5) : value;
      }
    }
  }
  return out;
}

// `visit(at, a, b, c)` for each pixel of a slice, with its place in the grid.
function everywhere(toGrid, shape, plane, index, visit) {
  const [cut, across, up] = PLANES[plane];
  const [w, h] = [shape[across], shape[up]];
  const start = [0, 1, 2].map((r) => toGrid[4 * r + cut] * index + toGrid[4 * r + 3]);
  const [dx, dy] = [across, up].map((axis) => column(toGrid, axis));
  for (let y = 0; y < h; y++) for (let x = 0; x < w; x++) {
    const [u, v] = [w - 1 - x, h - 1 - y];
    visit(y * w + x, start[0] + u * dx[0] + v * dy[0], start[1] + u * dx[1] + v * dy[1], start[2] + u * dx[2] + v * dy[2]);
  }
}

function nearest({ array, shape: [gx, gy, gz] }, toGrid, shape, plane, index, out, outside) {
  everywhere(toGrid, shape, plane, index, (at, a, b, c) => {
    const isIn = a > -0.5 && b > -0.5 && c > -0.5 && a < gx - 0.5 && b < gy - 0.5 && c < gz - 0.5;
    out[at] = isIn ? array[Math.round(a) + gx * (Math.round(b) + gy * Math.round(c))] : outside;
  });
  return out;
}

// Voxel by voxel, however the axes are turned.
function anyhow({ array, shape: [gx, gy, gz] }, toGrid, shape, plane, index, out, outside) {
  const isFading = outside === 0;
  const isInt = !(out instanceof Float32Array || out instanceof Float64Array);
  const layer = gx * gy;
  const near = (i, j, k) => (i < 0 || j < 0 || k < 0 || i >= gx || j >= gy || k >= gz ? 0 : array[i + gx * j + layer * k]);
  everywhere(toGrid, shape, plane, index, (at, a, b, c) => {
    if (!(a > -1 && b > -1 && c > -1 && a < gx && b < gy && c < gz)) {
      out[at] = outside;
      return;
    }
    const isInside = a >= 0 && b >= 0 && c >= 0 && a < gx - 1 && b < gy - 1 && c < gz - 1;
    let value = outside;
    if (isInside) {
      const [i, j, k] = [a | 0, b | 0, c | 0];
      const [f, g, e] = [a - i, b - j, c - k];
      const o = i + gx * j + layer * k;
      const z00 = array[o] + f * (array[o + 1] - array[o]);
      const z01 = array[o + gx] + f * (array[o + gx + 1] - array[o + gx]);
      const z10 = array[o + layer] + f * (array[o + layer + 1] - array[o + layer]);
      const z11 = array[o + layer + gx] + f * (array[o + layer + gx + 1] - array[o + layer + gx]);
      const [front, back] = [z00 + g * (z01 - z00), z10 + g * (z11 - z10)];
      value = front + e * (back - front);
    } else {
      const found = [stop(a, gx, isFading), stop(b, gy, isFading), stop(c, gz, isFading)];
      if (found.includes(null)) {
        out[at] = outside;
        return;
      }
      const [[i, oi, f], [j, oj, g], [k, ok, e]] = found;
      value = 0;
      for (const [di, wi] of [[0, 1 - f], [oi, f]]) for (const [dj, wj] of [[0, 1 - g], [oj, g]]) for (const [dk, wk] of [[0, 1 - e], [ok, e]]) {
        value += wi * wj * wk * near(i + di, j + dj, k + dk);
      }
    }
    out[at] = isInt ? Math.floor(value + 0.5) : value;
  });
  return out;
}

// Mean, sd (n - 1) and number of the pixels whose centres lie in an ellipse between two corners, all in pixels.
export function inEllipse(values, width, height, from, to, scale = (v) => v) {
  const middle = [0, 1].map((n) => (from[n] + to[n]) / 2);
  const radius = [0, 1].map((n) => Math.abs(from[n] - to[n]) / 2);
  let [count, mean, squares] = [0, 0, 0];
  const range = (n, last) => [Math.max(0, Math.ceil(middle[n] - radius[n])), Math.min(last, Math.floor(middle[n] + radius[n]))];
  const [[left, right], [top, bottom]] = [range(0, width - 1), range(1, height - 1)];
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) {
    if (((x - middle[0]) / radius[0]) ** 2 + ((y - middle[1]) / radius[1]) ** 2 > 1) continue;
    const raw = values[y * width + x];
    if (raw === OUTSIDE) continue;
    const value = scale(raw);
    const off = value - mean;
    count += 1;
    mean += off / count;
    squares += off * (value - mean);
  }
  return { count, mean, sd: count > 1 ? Math.sqrt(squares / (count - 1)) : 0 };
}

// Edges of a square (bottom, right, top, left) that a line crosses, by which corners are inside.
const LINES = {
  1: [[3, 0]], 2: [[0, 1]], 3: [[3, 1]], 4: [[1, 2]], 5: [[3, 2], [0, 1]], 6: [[0, 2]], 7: [[3, 2]],
  8: [[2, 3]], 9: [[2, 0]], 10: [[2, 1], [3, 0]], 11: [[2, 1]], 12: [[1, 3]], 13: [[1, 0]], 14: [[0, 3]],
};

// Lines around the values from `level` on, in pixels; marching squares with linear interpolation.
export function contour(values, width, height, level, sign = 1) {
  const lines = [];
  const value = (x, y) => (x < 0 || y < 0 || x >= width || y >= height ? 0 : sign * values[y * width + x]);
  for (let y = -1; y < height; y++) {
    let [a, d] = [value(-1, y), value(-1, y + 1)];
    for (let x = -1; x < width; x++) {
      const [b, c] = [value(x + 1, y), value(x + 1, y + 1)];
      const kind = (a >= level) + 2 * (b >= level) + 4 * (c >= level) + 8 * (d >= level);
      if (kind > 0 && kind < 15) {
        for (const pair of LINES[kind]) lines.push(pair.map((edge) => crossing([a, b, c, d], edge, level, x, y)));
      }
      [a, d] = [b, c];
    }
  }
  return lines;
}

function crossing(corners, edge, level, x, y) {
  const [from, to] = [corners[edge], corners[(edge + 1) % 4]];
  const share = (level - from) / (to - from);
  return [[x + share, y], [x + 1, y + share], [x + 1 - share, y + 1], [x, y + 1 - share]][edge];
}
