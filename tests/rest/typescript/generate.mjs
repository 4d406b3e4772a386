// Writes the types of an OpenAPI document: generate.mjs DOCUMENT FILE. Files become Blob.

import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const [document, file] = process.argv.slice(2);
const blob = ts.factory.createTypeReferenceNode("Blob");
const types = await openapiTS(await readFile(document, "utf-8"), {
  defaultNonNullable: false, // a request may leave out a field that has a default
  transform: (schema) => (schema.format === "binary" ? blob : undefined),
});
await writeFile(file, astToString(types));
