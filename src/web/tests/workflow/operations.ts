/** Operations of the tests. */
import type { Operation } from "../../src/ui/client.ts";
import type { Operations } from "../../src/workflow/plan.ts";

const operation = (name: string, kind: Operation["kind"] = "image", files: Operation["files"] = {}): Operation => ({
  name,
  title: name,
  description: "",
  family: name.split("_")[0]!,
  schema: { properties: {}, required: Object.keys(files) },
  price: [3, 3],
  seconds: 8,
  files,
  kind,
});
export const OPERATIONS: Operations = new Map(
  [
    operation("generate_core"),
    operation("edit_remove_background", "image", { image: "image" }),
    operation("upscale_fast", "image", { image: "image" }),
    operation("audio2_text_to_audio", "audio"),
  ].map((each) => [each.name, each]),
);
