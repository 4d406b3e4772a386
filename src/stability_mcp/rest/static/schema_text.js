// Elements, references, and schemas as a few lines of text.

const MAX_DEPTH = 5; // Deeper parts are shown as {…}: a schema is read, not parsed.

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter((each) => each !== "" && each !== undefined && each !== null && each !== false));
  return made;
}

// Returns the nodes of a text in which backticks mark code.
export function prose(text) {
  return text.split("`").map((part, at) => (at % 2 ? element("code", { textContent: part }) : part));
}

export function resolved(spec, part) {
  let found = part;
  while (found?.$ref) found = found.$ref.slice(2).split("/").reduce((at, key) => at[key], spec);
  return found;
}

export function schemaText(spec, schema, depth = 0) {
  const part = resolved(spec, schema) ?? {};
  const pad = "  ".repeat(depth + 1);
  const options = part.anyOf ?? part.oneOf;
  if (options) return [...new Set(options.map((each) => schemaText(spec, each, depth)))].join(" | ");
  if (part.enum) return part.enum.map((each) => JSON.stringify(each)).join(" | ");
  if ("const" in part) return JSON.stringify(part.const);
  if (part.type === "array") return `[${schemaText(spec, part.items ?? {}, depth)}, …]`;
  if (part.properties) {
    if (depth >= MAX_DEPTH) return "{…}";
    const needed = part.required ?? [];
    const lines = Object.entries(part.properties).map(([name, each]) => {
      const about = resolved(spec, each)?.description ?? each.description;
      const note = about ? `  // ${about.replace(/\s+/g, " ")}` : "";
      return `${pad}${name}${needed.includes(name) ? "" : "?"}: ${schemaText(spec, each, depth + 1)}${note}`;
    });
    return `{\n${lines.join("\n")}\n${"  ".repeat(depth)}}`;
  }
  if (part.type === "object") return "{…}";
  return [part.type].flat().join(" | ") || "anything";
}

export function limitsText(schema) {
  const { minimum, maximum, minLength, maxLength } = schema;
  const found = [];
  if (minimum !== undefined && maximum !== undefined) found.push(`${minimum} to ${maximum}`);
  else if (minimum !== undefined) found.push(`at least ${minimum}`);
  else if (maximum !== undefined) found.push(`at most ${maximum}`);
  if (maxLength !== undefined) found.push(`${minLength ? `${minLength} to` : "up to"} ${maxLength} characters`);
  if (![undefined, ""].includes(schema.default)) found.push(`default ${JSON.stringify(schema.default)}`);
  return found.join(", ");
}
