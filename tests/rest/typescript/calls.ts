// Calls of a client whose types were generated from the OpenAPI document; prints what they returned.

import createClient from "openapi-fetch";

import type { components, paths } from "./schema.ts";
import { baseUrl, picture, token } from "./server.ts";

type Job = components["schemas"]["Job"];

const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

function formOf(fields: Record<string, unknown>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value instanceof Blob ? value : String(value));
  return form;
}

// Fields as JSON, the result as bytes.
const made = await client.POST("/generate/core", {
  body: { prompt: "a lighthouse at dusk", aspect_ratio: "16:9", label: "lighthouse" },
  params: { header: { "Idempotency-Key": "one-lighthouse" } },
  parseAs: "blob",
});
if (!(made.data instanceof Blob)) throw new Error(made.error?.errors.join());

// A file as a part of a form, 202, and the result as JSON.
const started = await client.POST("/upscale/fast", {
  body: { image: await (await fetch(picture)).blob() },
  bodySerializer: formOf,
  params: { header: { Prefer: "respond-async" } },
});
if (!started.data || !("links" in started.data)) throw new Error(`no links: ${started.response.status}`);
const result = await client.GET("/results/{generation_id}", {
  params: { path: { generation_id: started.data.id }, header: { Prefer: "wait=60" } },
  headers: { Accept: "application/json" },
});
const job = result.data as Job;

// Errors have the same fields everywhere.
const refused = await client.POST("/generate/core", { body: { prompt: " " } });
const problem = refused.error;

console.log(
  JSON.stringify({
    made: { type: made.data.type, job: made.response.headers.get("X-Job-Id") },
    started: { status: started.response.status, id: started.data.id },
    result: { id: job.id, status: job.status, type: job.media[0]?.media_type },
    refused: { status: refused.response.status, name: problem?.name, charged: problem?.charged },
  }),
);
