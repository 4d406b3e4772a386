/** Reads server-sent events from a stream of text. */

export interface ServerEvent {
  type: string;
  data: string;
  id?: string;
}

/** Return a function that takes pieces of the stream and returns the events that they complete. */
export function eventReader(): (text: string) => ServerEvent[] {
  let rest = "";
  let type = "";
  let data: string[] = [];
  let id: string | undefined;
  return (text) => {
    const events: ServerEvent[] = [];
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (data.length) events.push({ type: type || "message", data: data.join("\n"), id });
        type = "";
        data = [];
        continue;
      }
      const colon = line.indexOf(":");
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (field === "event") type = value;
      else if (field === "data") data.push(value);
      else if (field === "id") id = value;
    }
    return events;
  };
}
