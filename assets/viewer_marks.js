// What is drawn over the slices as sharp lines: outlines of map and mask, the crosshair, the patient's sides.

const IN_PLANE = { 0: [0, 1, 2], 1: [0, 2, 1], 2: [1, 2, 0] }; // tile -> axes across, up, cut
const SIDES = { 0: ["R", "L", "A", "P"], 1: ["R", "L", "S", "I"], 2: ["A", "P", "S", "I"] };

// Edges of a square (bottom, right, top, left) that a line crosses, by which corners are inside.
const LINES = {
  1: [[3, 0]], 2: [[0, 1]], 3: [[3, 1]], 4: [[1, 2]], 5: [[3, 2], [0, 1]], 6: [[0, 2]], 7: [[3, 2]],
  8: [[2, 3]], 9: [[2, 0]], 10: [[2, 1], [3, 0]], 11: [[2, 1]], 12: [[1, 3]], 13: [[1, 0]], 14: [[0, 3]],
};

// Lines around the values from `level` on, in voxels; marching squares with linear interpolation.
export function contour(value, width, height, level) {
  const lines = [];
  for (let y = -1; y < height; y++) {
    for (let x = -1; x < width; x++) {
      const corners = [value(x, y), value(x + 1, y), value(x + 1, y + 1), value(x, y + 1)];
      const kind = corners.reduce((sum, one, n) => sum + (one >= level ? 1 << n : 0), 0);
      for (const pair of LINES[kind] ?? []) lines.push(pair.map((edge) => crossing(corners, edge, level, x, y)));
    }
  }
  return lines;
}

function crossing(corners, edge, level, x, y) {
  const [from, to] = [corners[edge], corners[(edge + 1) % 4]];
  const share = (level - from) / (to - from);
  return [[x + share, y], [x + 1, y + share], [x + 1 - share, y + 1], [x, y + 1 - share]][edge];
}

export class Marks {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
  }

  // Draw over every slice: layers are {values, shape, level, sign, color}, all on the scan's grid.
  draw(tiles, size, { voxel, place }, layers) {
    [this.canvas.width, this.canvas.height] = size;
    for (const tile of tiles) {
      this.pen.save();
      this.pen.beginPath();
      this.pen.rect(...tile.box);
      this.pen.clip();
      for (const layer of layers) this.outline(tile, voxel, layer);
      this.crosshair(tile, place);
      this.letters(tile);
      this.pen.restore();
    }
  }

  outline(tile, voxel, { values, shape, level, sign, color }) {
    const [across, up, cut] = IN_PLANE[tile.plane];
    const stride = [1, shape[0], shape[0] * shape[1]];
    const start = Math.min(shape[cut] - 1, Math.max(0, Math.round(voxel[cut]))) * stride[cut];
    const [width, height] = [shape[across], shape[up]];
    const value = (x, y) => {
      if (x < 0 || y < 0 || x >= width || y >= height) return 0;
      return sign * values[start + x * stride[across] + y * stride[up]];
    };
    this.pen.beginPath();
    for (const [from, to] of contour(value, width, height, level)) {
      this.pen.moveTo(...this.pixel(tile, from, width, height));
      this.pen.lineTo(...this.pixel(tile, to, width, height));
    }
    this.pen.strokeStyle = color;
    this.pen.lineWidth = 1.6 * devicePixelRatio;
    this.pen.stroke();
  }

  // Two thin lines that leave the middle free.
  crosshair({ plane, box, corner, opposite }, place) {
    const [across, up] = IN_PLANE[plane];
    const x = Math.round(corner[0] + place[across] * (opposite[0] - corner[0])) + 0.5;
    const y = Math.round(corner[1] + place[up] * (opposite[1] - corner[1])) + 0.5;
    const gap = 8 * devicePixelRatio;
    const [left, top, width, height] = box;
    this.pen.beginPath();
    for (const [from, to] of [[left, x - gap], [x + gap, left + width]]) {
      this.pen.moveTo(from, y);
      this.pen.lineTo(to, y);
    }
    for (const [from, to] of [[top, y - gap], [y + gap, top + height]]) {
      this.pen.moveTo(x, from);
      this.pen.lineTo(x, to);
    }
    this.pen.strokeStyle = "#59bfffcc";
    this.pen.lineWidth = devicePixelRatio;
    this.pen.stroke();
  }

  pixel({ corner, opposite }, [x, y], width, height) {
    const [right, top] = [(x + 0.5) / width, (y + 0.5) / height];
    return [corner[0] + right * (opposite[0] - corner[0]), corner[1] + top * (opposite[1] - corner[1])];
  }

  letters({ plane, box, corner, opposite }) {
    const [left, top, width, height] = box;
    const edges = [Math.max(left, Math.min(corner[0], opposite[0])), Math.min(left + width, Math.max(corner[0], opposite[0])),
      Math.max(top, Math.min(corner[1], opposite[1])), Math.min(top + height, Math.max(corner[1], opposite[1]))];
    const [x, y] = [(edges[0] + edges[1]) / 2, (edges[2] + edges[3]) / 2];
    const size = 14 * devicePixelRatio;
    const places = [[edges[0] + size * 0.7, y], [edges[1] - size * 0.7, y], [x, edges[2] + size * 0.8], [x, edges[3] - size * 0.8]];
    Object.assign(this.pen, { font: `600 ${size}px sans-serif`, textAlign: "center", textBaseline: "middle" });
    Object.assign(this.pen, { lineWidth: size / 4, strokeStyle: "#000c", fillStyle: "#ffd24d" });
    for (const [n, letter] of SIDES[plane].entries()) {
      this.pen.strokeText(letter, ...places[n]);
      this.pen.fillText(letter, ...places[n]);
    }
  }
}
