// Prints the command by which Claude Desktop starts a bundle, as its own library resolves it.
// Arguments: path of the mcpb package; stdin: the library's options.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { getMcpConfigForManifest } = await import(pathToFileURL(process.argv[2]));
const options = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await getMcpConfigForManifest(options)));
