import { readdirSync } from "node:fs";
import { build, type InlineConfig } from "vite";
import { viteSingleFile } from "vite-plugin-singlefile";

/** MCP Apps: each HTML file in apps/ becomes one file without any other. Run with Node; an argument names the folder. */
const here = import.meta.dirname;
const folder = process.argv[2] ?? `${here}/../stability_mcp/pages/static/apps`;
const pages = readdirSync(`${here}/apps`).filter((name) => name.endsWith(".html"));

for (const [index, page] of pages.sort().entries()) {
  const config: InlineConfig = {
    configFile: false,
    root: `${here}/apps`,
    logLevel: "warn",
    publicDir: false,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    plugins: [viteSingleFile({ removeViteModuleLoader: true })],
    build: {
      outDir: folder,
      emptyOutDir: index === 0,
      target: "es2022",
      reportCompressedSize: false,
      rollupOptions: { input: `${here}/apps/${page}` },
    },
  };
  await build(config);
}
