/** Numbers, times and names as text. */

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

export const count = (value: number): string => number.format(value);

export const credits = (value: number): string => `${number.format(value)} ${value === 1 ? "credit" : "credits"}`;

/** A price, or a range of prices: "3 credits", "17 to 20 credits", "free". */
export function price([low, high]: readonly [number, number], times = 1): string {
  if (!high) return "free";
  return low === high ? credits(high * times) : `${count(low * times)} to ${credits(high * times)}`;
}

export function seconds(value: number): string {
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function bytes(value: number): string {
  if (value < 1000) return `${value} bytes`;
  const power = Math.min(3, Math.floor(Math.log10(value) / 3));
  return `${number.format(Number((value / 1000 ** power).toPrecision(3)))} ${["", "KB", "MB", "GB"][power]}`;
}

/** A time of today as hours and minutes, an older one as a date. */
export function when(iso: string): string {
  const at = new Date(iso);
  const options: Intl.DateTimeFormatOptions =
    at.toDateString() === new Date().toDateString()
      ? { hour: "2-digit", minute: "2-digit" }
      : { day: "numeric", month: "short", year: at.getFullYear() === new Date().getFullYear() ? undefined : "numeric" };
  return at.toLocaleString(undefined, options);
}

/** The whole moment, for a tooltip. */
export const moment = (iso: string): string => new Date(iso).toLocaleString();

/** A message without the call with which agents restore a deleted item: people open the item. */
export const restorable = (text: string): string => text.replace(/(?:`?media_delete`?|DELETE \S+) with restore true brings it back\./g, "It can be restored.");

/** The id of the item that a message says was deleted. */
export const deletedId = (text: string): string | undefined => /"(?:media:\/\/)?([\w-]+)" was deleted at/.exec(text)?.[1];

/** A message without the backticks that mark names of tools and commands for agents. */
export const unquoted = (text: string): string => text.replaceAll("`", "");

/** A name as one line that can't reorder what stands next to it: direction marks and control characters are shown as spaces. */
export function plain(text: string): string {
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ");
}
