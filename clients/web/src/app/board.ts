// A small board of buttons in the scene: the wrist menu of a headset.

import { CanvasTexture, Mesh, MeshBasicMaterial, PlaneGeometry, SRGBColorSpace } from "three";
import type { Raycaster } from "three";

export interface Button {
  label: string;
  press: () => void;
}

const WIDTH = 0.24; // metres
const PIXELS = 512;
const COLUMNS = 2;
const ROW = 76;
const HEAD = 116;

/** Drawn anew whenever its text or buttons change; pressed by a ray. */
export class Board {
  readonly mesh: Mesh<PlaneGeometry, MeshBasicMaterial>;
  private readonly canvas = document.createElement("canvas");
  private readonly texture: CanvasTexture;
  private buttons: Button[] = [];
  private caption = "";
  private lit = -1;

  constructor(rows: number) {
    this.canvas.width = PIXELS;
    this.canvas.height = HEAD + rows * ROW;
    this.texture = new CanvasTexture(this.canvas);
    this.texture.colorSpace = SRGBColorSpace;
    const geometry = new PlaneGeometry(WIDTH, (WIDTH * this.canvas.height) / PIXELS);
    this.mesh = new Mesh(geometry, new MeshBasicMaterial({ map: this.texture, toneMapped: false }));
    this.draw();
  }

  set(caption: string, buttons: Button[]): void {
    this.caption = caption;
    this.buttons = buttons;
    this.draw();
  }

  /** Another caption above the same buttons. */
  say(caption: string): void {
    this.set(caption, this.buttons);
  }

  /** Light the button that a ray meets; whether the board is met at all. */
  aim(ray: Raycaster): boolean {
    const uv = ray.intersectObject(this.mesh)[0]?.uv;
    const column = uv ? Math.floor(uv.x * COLUMNS) : 0;
    const row = uv ? Math.floor(((1 - uv.y) * this.canvas.height - HEAD) / ROW) : -1;
    const lit = row < 0 ? -1 : row * COLUMNS + column;
    if (lit !== this.lit) {
      this.lit = lit;
      this.draw();
    }
    return uv !== undefined;
  }

  press(): void {
    this.buttons[this.lit]?.press();
  }

  private draw(): void {
    const pen = this.canvas.getContext("2d")!;
    const { width, height } = this.canvas;
    pen.fillStyle = "#2b2622";
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "#f6f1e8";
    pen.font = "26px system-ui, 'Noto Sans CJK SC', sans-serif";
    pen.textBaseline = "middle";
    wrap(pen, this.caption, width - 32).slice(0, 3).forEach((line, i) => {
      pen.fillText(line, 16, 26 + 32 * i);
    });
    const cell = width / COLUMNS;
    this.buttons.forEach(({ label }, i) => {
      const x = (i % COLUMNS) * cell;
      const y = HEAD + Math.floor(i / COLUMNS) * ROW;
      pen.fillStyle = i === this.lit ? "#c98f4e" : "#4a423b";
      pen.beginPath();
      pen.roundRect(x + 8, y + 6, cell - 16, ROW - 12, 14);
      pen.fill();
      pen.fillStyle = "#fffaf2";
      pen.fillText(label, x + 26, y + ROW / 2, cell - 52);
    });
    this.texture.needsUpdate = true;
  }
}

/** Lines no wider than `width`; Chinese breaks anywhere. */
function wrap(pen: CanvasRenderingContext2D, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const part of text.match(/[\u2e80-\uffff]|[^\s\u2e80-\uffff]+\s*|\s+/g) ?? []) {
    if (line && pen.measureText(line + part).width > width) {
      lines.push(line);
      line = "";
    }
    line += part;
  }
  return line ? [...lines, line] : lines;
}
