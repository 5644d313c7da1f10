// Tables that turn values into colours (bytes of a picture, red first), without a browser.
import { OUTSIDE } from "./reading_geometry.js";

// One grey for each stored value; beyond the grid nothing is drawn.
export function greys([low, high], slope = 1, intercept = 0) {
  const table = new Uint32Array(65536);
  for (let raw = OUTSIDE + 1; raw < 32768; raw++) {
    const share = (slope * raw + intercept - low) / (high - low);
    table[raw & 65535] = 0xff000000 | (Math.round(255 * Math.min(1, Math.max(0, share))) * 0x010101);
  }
  return table;
}

// One colour for each value of a map (-127 to 127); below the threshold nothing is drawn.
export function mapColors(tables, threshold, opacity, hasAgainst) {
  const table = new Uint32Array(256);
  const low = Math.max(127 * threshold, 0.5);
  for (let value = -127; value < 128; value++) {
    const size = Math.abs(value);
    if (size < low || (value < 0 && !hasAgainst)) continue;
    const colors = value > 0 ? tables.for : tables.against;
    const [r, g, b] = colors[Math.round((size / 127) * (colors.length - 1))];
    table[value & 255] = (Math.round(255 * opacity) << 24) | (b << 16) | (g << 8) | r;
  }
  return table;
}
