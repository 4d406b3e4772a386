/** Saving a mask and using it: tool calls, and the job that makes the result. */
import { useEffect, useState } from "preact/hooks";
import { callTool, onEvent, rest } from "../ui/client.ts";
import { isOpen, type Job } from "../ui/jobs.ts";
import type { Media } from "../ui/media.ts";
import { type Shape, toSend } from "./strokes.ts";

export interface Named {
  id: string;
  uri: string;
  label: string;
}
export interface Opened {
  image: Named & { width: number; height: number };
  /** The stored mask that was opened. */
  mask: Named | null;
  shapes: Shape[];
}
export type Use = "edit_inpaint" | "edit_erase" | "save";

/** Open a picture, or a stored mask with its picture and shapes. */
export async function openForPainting(reference: string): Promise<Opened> {
  const { result } = await callTool("image_mask", { image: reference, preview: "none" });
  return result as unknown as Opened;
}

/** Store the mask; the same strokes give the same item again. */
export async function storeMask(image: Named, steps: readonly Shape[]): Promise<Media> {
  const { result } = await callTool("image_mask", { image: image.uri, shapes: toSend(steps), preview: "none" });
  return result.media[0] as Media;
}

/** Use a mask; returns the id of the job. */
export async function useMask(use: Use, image: Named, mask: Media, prompt: string): Promise<string> {
  const { result } = await callTool(use, { image: image.uri, mask: mask.uri, ...(use === "edit_inpaint" ? { prompt } : {}) });
  return result.jobs[0].id as string;
}

/** Follow a job: by the events of the stream, and by a request when the stream connects. */
export function useJob(id: string | undefined): { job?: Job; error?: Error } {
  const [found, setFound] = useState<{ job?: Job; error?: Error }>({});
  useEffect(() => {
    setFound({});
    if (!id) return;
    let gone = false;
    const load = () =>
      rest<Job>(`/jobs/${encodeURIComponent(id)}`).then(
        (job) => !gone && setFound({ job }),
        (error) => !gone && setFound((now) => (now.job ? now : { error })),
      );
    const stops = [onEvent("connect", load), onEvent("job", (job: Job | null) => job?.id === id && (isOpen(job) ? setFound({ job }) : void load()))];
    void load();
    return () => {
      gone = true;
      for (const stop of stops) stop();
    };
  }, [id]);
  return found;
}
