// Calls the emulator through the npm package `stability-ai`, and prints its results by call.
// node stability_ai_calls.cjs <path of stability-ai/dist/index.js> <base URL> <picture> <mask>
// The base URL is hard-coded in the package, so an axios interceptor replaces it.
const { createRequire } = require("node:module");
const { writeSync } = require("node:fs");

const [package_, url, picture, mask] = process.argv.slice(2);
const requireThere = createRequire(package_);
const StabilityAI = requireThere(package_).default;
requireThere("axios").interceptors.request.use((request) => {
  request.url = request.url.replace("https://api.stability.ai", url);
  return request;
});
process.env.TMPDIR = process.cwd(); // where the package writes its results

const stability = new StabilityAI("sk-stability-ai");
const engine = "stable-diffusion-xl-1024-v1-0";
const words = [{ text: "a lighthouse at dusk", weight: 0.8 }];
const { user, engines, generation } = stability.v1;
const { generate, edit, control, upscale, results } = stability.v2beta.stableImage;

const poll = async (fetch) => {
  for (;;) {
    const answer = await fetch();
    if (answer.status !== "in-progress") return answer;
    await new Promise((done) => setTimeout(done, 50));
  }
};

const calls = {
  "user.account": () => user.account(),
  "user.balance": () => user.balance(),
  "engines.list": () => engines.list(),
  "v1.textToImage": () =>
    generation.textToImage(engine, words, { samples: 2, seed: 5, width: 1152, height: 896 }),
  "v1.imageToImage": () =>
    generation.imageToImage(engine, words, picture, { mode: "IMAGE_STRENGTH", image_strength: 0.4 }),
  "v1.imageToImage by steps": () =>
    generation.imageToImage(engine, words, picture, {
      mode: "STEP_SCHEDULE", step_schedule_start: 0.6, step_schedule_end: 0.1,
    }),
  "v1.imageToImageMasking": () =>
    generation.imageToImageMasking(engine, words, picture, {
      mask_source: "MASK_IMAGE_WHITE", mask_image: mask,
    }),
  "generate.ultra": () => generate.ultra("a lighthouse", { aspectRatio: "16:9", seed: 7 }),
  "generate.core": () =>
    generate.core("a lighthouse", { negativePrompt: "people", outputFormat: "webp" }),
  "generate.sd3": () => generate.sd3("a lighthouse", { mode: "text-to-image", aspectRatio: "2:3" }),
  "generate.sd3 from a picture": () =>
    generate.sd3("a lighthouse", { mode: "image-to-image", image: picture, strength: 0.6 }),
  "edit.erase": () => edit.erase(picture, { mask }),
  "edit.inpaint": () => edit.inpaint(picture, "a red door", { mask }),
  "edit.outpaint": () => edit.outpaint(picture, { left: 40, down: 24 }),
  "edit.searchAndReplace": () => edit.searchAndReplace(picture, "a cat", "the dog"),
  "edit.removeBackground": () => edit.removeBackground(picture, { outputFormat: "webp" }),
  "edit.replaceBackgroundAndRelight": async () => {
    const { id } = await edit.replaceBackgroundAndRelight(picture, {
      backgroundPrompt: "a beach", lightSourceDirection: "left",
    });
    return poll(() => results.fetchAsyncGenerationResult(id));
  },
  "control.sketch": () => control.sketch(picture, "a castle", { controlStrength: 0.8 }),
  "control.structure": () => control.structure(picture, "a castle"),
  "control.style": () => control.style(picture, "a castle", { fidelity: 0.4, aspectRatio: "1:1" }),
  "upscale.conservative": () => upscale.conservative(picture, "a street at night"),
  "upscale.creative": async () => {
    const { id, outputFormat } = await upscale.startCreative(picture, "a street at night");
    return poll(() => upscale.fetchCreativeResult(id, outputFormat));
  },
  "stable3D.stableFast3D": () =>
    stability.v2beta.stable3D.stableFast3D(picture, { textureResolution: 512 }),
  "a refused key": () => new StabilityAI("not a valid key").v1.user.balance(),
};

(async () => {
  const replies = {};
  for (const [name, call] of Object.entries(calls)) {
    try {
      replies[name] = { answer: await call() };
    } catch (error) {
      replies[name] = { error: `${error.message}` };
    }
  }
  writeSync(1, JSON.stringify(replies));
})();
