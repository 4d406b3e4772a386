// Prints what the glTF validator finds in each file, as a JSON array.
// node validate_glb.mjs <path of gltf-validator/index.js> <file.glb>...
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";

const [package_, ...files] = process.argv.slice(2);
const validator = createRequire(import.meta.url)(package_);
const found = await Promise.all(
  files.map(async (file) => {
    const report = await validator.validateBytes(new Uint8Array(await readFile(file)), { uri: file });
    return { file, issues: report.issues, info: report.info };
  }),
);
console.log(JSON.stringify(found));
