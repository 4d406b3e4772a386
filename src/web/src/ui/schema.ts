/** Fields of a form, from a JSON schema. */
import type { Kind, Schema } from "./client.ts";

export type Control = "file" | "files" | "choice" | "switch" | "number" | "text" | "long" | "list" | "json";
export interface Field {
  name: string;
  label: string;
  description: string;
  control: Control;
  required: boolean;
  schema: Schema;
  /** Kind of media that it takes. */
  kind?: Kind;
}
export type Values = Record<string, unknown>;

/** Arguments that the page itself answers. */
const HIDDEN = new Set(["confirm_spend", "preview"]);
/** A slider with more steps than this can't be set exactly. */
const MOST_STEPS = 1000;

/** Return the fields of a schema: required ones first, otherwise in its order. */
export function fieldsOf(schema: Schema, files: Record<string, Kind> = {}): Field[] {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {})
    .filter(([name]) => !HIDDEN.has(name))
    .map(([name, each]): Field => {
      const plain = withoutNull(each);
      return {
        name,
        label: labelOf(name),
        description: each.description ?? plain.description ?? "",
        control: controlOf(name, plain, files[name] !== undefined),
        required: required.has(name),
        schema: { ...plain, default: each.default ?? plain.default },
        kind: files[name],
      };
    });
  return [...fields.filter((each) => each.required), ...fields.filter((each) => !each.required)];
}

/** Return the first form of a schema that isn't null. */
function withoutNull(schema: Schema): Schema {
  return schema.anyOf?.find((each) => each.type !== "null") ?? schema;
}

export function labelOf(name: string): string {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function controlOf(name: string, schema: Schema, isFile: boolean): Control {
  const type = Array.isArray(schema.type) ? schema.type.find((each) => each !== "null") : schema.type;
  if (isFile) return type === "array" ? "files" : "file";
  if (schema.enum) return "choice";
  if (type === "boolean") return "switch";
  if (type === "number" || type === "integer") return "number";
  if (type === "array" && schema.items?.type === "string") return "list";
  if (type === "string") return /prompt|text|brief/.test(name) ? "long" : "text";
  return "json";
}

/** Return lowest, highest and step of a slider, or undefined if a number is better typed. */
export function sliderOf(schema: Schema): { min: number; max: number; step: number } | undefined {
  const { minimum: min, maximum: max } = schema;
  if (min === undefined || max === undefined || max <= min) return undefined;
  if (schema.type === "integer") return max - min > MOST_STEPS ? undefined : { min, max, step: 1 };
  const span = max - min;
  return span > MOST_STEPS ? undefined : { min, max, step: span <= 2 ? 0.01 : span <= 20 ? 0.1 : 1 };
}

/** Return the required fields that are empty. */
export function missingOf(fields: Field[], values: Values): Field[] {
  return fields.filter(({ name, required, schema }) => required && schema.default === undefined && isEmpty(values[name]));
}

export function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) ? !value.length : typeof value === "string" && !value.trim());
}

/** Return the values that are set and differ from their defaults: what is sent. */
export function argumentsOf(fields: Field[], values: Values): Values {
  const sent: Values = {};
  for (const { name, schema, required } of fields) {
    const value = values[name];
    if (isEmpty(value) || (!required && value === schema.default)) continue;
    sent[name] = value;
  }
  return sent;
}

/** Return how a value is shown where JSON is entered: a list of texts as one text a line. */
export function textOf(value: unknown): string {
  if (value === undefined) return "";
  const json = JSON.stringify(value);
  if (!Array.isArray(value)) return json;
  const lines = value.join("\n");
  return JSON.stringify(readJson(lines, true)) === json ? lines : json;
}

/** Return what was entered as JSON. What isn't JSON is a text or, for a list, one text a line. */
export function readJson(entered: string, isList: boolean): unknown {
  const text = entered.trim();
  if (!text) return undefined;
  if (isJson(text)) return JSON.parse(text);
  if (!isList || /^[[{]/.test(text)) return entered;
  return text.split("\n").map((each) => each.trim()).filter(Boolean);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
