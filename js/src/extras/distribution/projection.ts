// A block of 2 by 2 by 1 seen from an angle, without perspective: what is parallel stays so, and lengths compare. Pure.

export interface Angles {
  /** About the vertical axis, in radians. */
  azimuth: number;
  /** Above the ground, in radians. */
  elevation: number;
}

export const FIRST_ANGLES: Angles = { azimuth: -0.55, elevation: 0.55 };
const LOWEST = 0.09;
const HIGHEST = 1.4;
const PER_PIXEL = 0.008;

export function turned({ azimuth, elevation }: Angles, dx: number, dy: number): Angles {
  const raised = Math.min(HIGHEST, Math.max(LOWEST, elevation + dy * PER_PIXEL));
  return { azimuth: azimuth - dx * PER_PIXEL, elevation: raised };
}

export type Point = [x: number, y: number];

const TALL = 1.1; // of the block, to half its side

export class Projection {
  readonly #scale: number;
  readonly #middle: Point;
  readonly #turn: [cos: number, sin: number];
  readonly #tilt: [cos: number, sin: number];

  constructor(
    { azimuth, elevation }: Angles,
    box: { left: number; top: number; right: number; bottom: number },
  ) {
    this.#turn = [Math.cos(azimuth), Math.sin(azimuth)];
    this.#tilt = [Math.cos(elevation), Math.sin(elevation)];
    const [width, height] = [box.right - box.left, box.bottom - box.top];
    const high = 2 * Math.SQRT2 * this.#tilt[1] + TALL * this.#tilt[0];
    this.#scale = Math.min(width / (2 * Math.SQRT2), height / high);
    const lift = (TALL * this.#tilt[0] * this.#scale) / 2;
    this.#middle = [(box.left + box.right) / 2, (box.top + box.bottom) / 2 + lift];
  }

  /** A pixel; x and y from -1 to 1 on the ground, z from 0 to 1 above it. */
  at(x: number, y: number, z: number): Point {
    const [cos, sin] = this.#turn;
    const up = (x * sin + y * cos) * this.#tilt[1] + z * TALL * this.#tilt[0];
    return [this.#middle[0] + (x * cos - y * sin) * this.#scale, this.#middle[1] - up * this.#scale];
  }

  /** Whether larger x, and larger y, are farther away. */
  get isFarther(): [x: boolean, y: boolean] {
    return [this.#turn[1] > 0, this.#turn[0] > 0];
  }
}
