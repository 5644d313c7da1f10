// What is drawn over the slices: crosshair, letters, scale, colour bar, outlines, measurements.
import { PLANES, distance, inEllipse, moved, pixelArea } from "./reading_geometry.js";

const SIDES = { axial: ["R", "L", "A", "P"], coronal: ["R", "L", "S", "I"], sagittal: ["A", "P", "S", "I"] };
const SCALES_MM = [200, 100, 50, 20, 10, 5, 2];
const TEXT = "#dfe6ee";

export class Marks {
  constructor(scene) {
    this.scene = scene;
    this.pen = scene.pen;
  }

  get unit() {
    return devicePixelRatio;
  }

  text(said, x, y, align = "left", color = TEXT, size = 12) {
    Object.assign(this.pen, { font: `${size * this.unit}px sans-serif`, textAlign: align, textBaseline: "middle" });
    Object.assign(this.pen, { lineWidth: 3 * this.unit, strokeStyle: "#000c", fillStyle: color, lineJoin: "round" });
    this.pen.strokeText(said, x, y);
    this.pen.fillText(said, x, y);
  }

  line(points, color, width = 1) {
    this.pen.beginPath();
    for (const [from, to] of points) {
      this.pen.moveTo(...from);
      this.pen.lineTo(...to);
    }
    Object.assign(this.pen, { strokeStyle: color, lineWidth: width * this.unit });
    this.pen.stroke();
  }

  outline(tile, lines, color) {
    const at = ([x, y]) => [tile.left + ((x + 0.5) / tile.w) * tile.width, tile.top + ((y + 0.5) / tile.h) * tile.height];
    this.line(lines.map((pair) => pair.map(at)), color, 1.6);
  }

  // Two thin lines that leave the middle free.
  crosshair(tile) {
    const [left, top, width, height] = tile.box;
    const [x, y] = this.scene.pixel(tile, this.scene.at).map((v) => Math.round(v) + 0.5);
    const gap = 10 * this.unit;
    this.line([[[left, y], [x - gap, y]], [[x + gap, y], [left + width, y]], [[x, top], [x, y - gap]], [[x, y + gap], [x, top + height]]], "#59bfffb0");
  }

  letters(tile, name) {
    const [left, top, width, height] = tile.box;
    const off = 10 * this.unit;
    const places = [[left + off, top + height / 2], [left + width - off, top + height / 2], [left + width / 2, top + off], [left + width / 2, top + height - off]];
    SIDES[tile.plane].forEach((letter, n) => this.text(letter, ...places[n], "center", "#ffd24d", 14));
    this.text(name, left + off, top + off + 2 * this.unit);
  }

  scale(tile) {
    const [left, top, width, height] = tile.box;
    const mm = SCALES_MM.find((one) => one * tile.scale < width / 3) ?? 1;
    const [x, y] = [left + width - 14 * this.unit, top + height - 12 * this.unit];
    const long = mm * tile.scale;
    const tick = 5 * this.unit;
    this.line([[[x, y - tick], [x, y]], [[x, y], [x - long, y]], [[x - long, y], [x - long, y - tick]]], TEXT, 2);
    this.text(mm < 10 ? `${mm} mm` : `${mm / 10} cm`, x - long / 2, y - 9 * this.unit, "center");
  }

  bar(tile, colors, hasAgainst, speaks) {
    const [left, top, width, height] = tile.box;
    const long = Math.min(130 * this.unit, height / 3);
    const [x, y] = [left + width - 20 * this.unit, top + 34 * this.unit];
    for (let n = 0; n < long; n++) {
      const value = Math.round(127 - ((hasAgainst ? 254 : 127) * n) / (long - 1));
      const color = colors[value & 255];
      this.pen.fillStyle = color ? `rgb(${color & 255},${(color >> 8) & 255},${(color >> 16) & 255})` : "#444";
      this.pen.fillRect(x, y + n, 9 * this.unit, 1.5);
    }
    const ends = [speaks, hasAgainst ? "against" : "0"];
    this.text(ends[0], x - 5 * this.unit, y + 4 * this.unit, "right");
    this.text(ends[1], x - 5 * this.unit, y + long - 4 * this.unit, "right");
  }

  notes(tile) {
    const { scan, at } = this.scene;
    const [cut] = PLANES[tile.plane];
    for (const note of this.scene.notes) {
      const ends = [note.from, note.to].map((place) => moved(scan.fromMm, place));
      if (note.plane !== tile.plane || Math.round(ends[0][cut]) !== at[cut]) continue;
      const [[x0, y0], [x1, y1]] = ends.map((voxel) => this.scene.pixel(tile, voxel));
      if (note.tool === "length") this.line([[[x0, y0], [x1, y1]]], "#7dff9a", 1.5);
      else {
        this.pen.beginPath();
        this.pen.ellipse((x0 + x1) / 2, (y0 + y1) / 2, Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2, 0, 0, 7);
        Object.assign(this.pen, { strokeStyle: "#7dff9a", lineWidth: 1.5 * this.unit });
        this.pen.stroke();
      }
      const { said } = measured(note, tile, scan, this.scene.unitName);
      this.text(said, Math.max(x0, x1) + 6 * this.unit, Math.max(y0, y1), "left", "#7dff9a");
    }
  }
}

// What a measurement says; of an ellipse, what is drawn is measured, a slab included.
export function measured({ tool, plane, from, to }, tile, scan, unit) {
  if (tool === "length") {
    const mm = distance(from, to); // a pixel of unknown size counts as 1 mm
    return { mm, said: scan.isSized ? `${mm.toFixed(1)} mm` : `${mm.toFixed(0)} px` };
  }
  const [, across, up] = PLANES[plane];
  const ends = [from, to].map((place) => moved(scan.fromMm, place));
  const [one, other] = ends.map((v) => [tile.w - 1 - v[across], tile.h - 1 - v[up]]);
  const found = inEllipse(tile.values, tile.w, tile.h, one, other, (raw) => scan.value(raw));
  const area = found.count * pixelArea(scan.affine, plane);
  if (!found.count) return { ...found, area, said: "no pixel inside" };
  const about = tile.isSharp ? "" : "about ";
  return { ...found, area, said: `${about}${found.mean.toFixed(0)} \u00b1 ${found.sd.toFixed(0)}${unit}, ${scan.isSized ? `${(area / 100).toFixed(2)} cm\u00b2` : `${found.count} px`}` };
}
