// Builds the page that the server gives out: `npm ci && npm run build`.

import { createHash } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const out = new URL("../../showroom/channel/page/", import.meta.url).pathname;
// The bundle says of which sources it is made; a test compares.
const sources = createHash("sha256");
for (const name of readdirSync("src", { recursive: true }).sort()) {
  if (/\.(ts|html)$/.test(name)) sources.update(name).update(readFileSync(`src/${name}`));
}
const made = `sources ${sources.digest("hex")}`;
const options = {
  entryPoints: [
    { in: "src/app/main.ts", out: "showroom" },
    { in: "src/app/listener.ts", out: "listener" },
  ],
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "none",
  banner: { js: `// ${made}; with three.js (MIT licence, (c) three.js authors)` },
};

await mkdir(out, { recursive: true });
await copyFile("src/app/index.html", `${out}index.html`);
if (process.argv.includes("--watch")) {
  await (await context(options)).watch();
} else {
  await build(options);
  const size = gzipSync(readFileSync(`${out}showroom.js`), { level: 9 }).length;
  console.log(`showroom.js: ${(size / 1000).toFixed(1)} kB gzipped`);
}
