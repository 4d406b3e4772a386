import { defineConfig } from "vite";

/** The page: built into the Python package, which serves it below /ui/. */
export default defineConfig({
  base: "/ui/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../stability_mcp/pages/static/ui",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false, // On loopback a request costs less than the code that saves it.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    sourcemap: false,
    rollupOptions: {
      input: ["index.html", "paint.html"],
      output: {
        entryFileNames: "[name]-[hash].js",
        chunkFileNames: "[name]-[hash].js",
        assetFileNames: "[name]-[hash][extname]",
        // What every page needs is one file: it compresses better than many small ones.
        codeSplitting: {
          groups: [{ name: "ui", test: /node_modules\/preact\/(?!compat)|preload-helper|src\/ui\/(?!dialog|drop|fingers|form[.]|item|picker|schema|share|update|uploads)[\w.]+tsx?$/ }],
        },
      },
    },
  },
});
