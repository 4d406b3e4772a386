/** Credits a day as bars; arrow keys and the pointer name a day, and a table has the same numbers. */
import { useState } from "preact/hooks";
import { count, credits } from "../ui/format.ts";
import { type Day, marks } from "./days.ts";

const WIDTH = 640;
const HEIGHT = 180;
/** Share of its slot that a bar leaves free on each side. */
const GAP = 0.16;

export function Bars({ days, budget }: { days: Day[]; budget?: number }) {
  const [at, set] = useState<number>();
  const over = Math.min(at ?? days.length - 1, days.length - 1);
  const axis = marks(Math.max(...days.map((day) => day.credits)));
  const top = axis.at(-1)!;
  const slot = WIDTH / days.length;
  const y = (value: number) => HEIGHT - (value / top) * HEIGHT;
  const every = Math.ceil(days.length / 7);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    set(Math.min(days.length - 1, Math.max(0, over + by)));
  };
  return (
    <>
      <div class="row">
        <h2>Credits a day</h2>
        <span class="grow" />
        <span class="small muted num" aria-live="polite">
          {named(days[over]!.day)}: {credits(days[over]!.credits)}
        </span>
      </div>
      <svg
        viewBox={`-38 -10 ${WIDTH + 44} ${HEIGHT + 36}`}
        tabIndex={0}
        role="img"
        aria-label={`Credits a day over ${days.length} days. Arrow keys read a day; the table below has all of them.`}
        onKeyDown={move}
        onPointerLeave={() => set(undefined)}
      >
        {axis.map((value) => (
          <g key={value}>
            <line x1="0" x2={WIDTH} y1={y(value)} y2={y(value)} />
            <text x="-8" y={y(value) + 4} text-anchor="end">
              {count(value)}
            </text>
          </g>
        ))}
        {budget !== undefined && budget <= top && <line class="limit" x1="0" x2={WIDTH} y1={y(budget)} y2={y(budget)} />}
        {days.map(({ day, credits: value }, i) => (
          <g key={day} onPointerEnter={() => set(i)}>
            <rect class="hit" x={i * slot} y="0" width={slot} height={HEIGHT} />
            <rect class={i === over ? "bar on" : "bar"} x={(i + GAP) * slot} width={slot * (1 - 2 * GAP)} y={y(value)} height={HEIGHT - y(value)} rx="2" />
            {(days.length - 1 - i) % every === 0 && (
              <text x={(i + 0.5) * slot} y={HEIGHT + 18} text-anchor="middle">
                {named(day)}
              </text>
            )}
          </g>
        ))}
      </svg>
      <details class="small">
        <summary>As a table</summary>
        <div class="scroll tall" tabIndex={0} role="region" aria-label="Credits a day">
          <table class="list num">
            <thead>
              <tr>
                <th scope="col">Day</th>
                <th scope="col">Credits</th>
                <th scope="col">Requests</th>
              </tr>
            </thead>
            <tbody>
              {days.toReversed().map((each) => (
                <tr key={each.day}>
                  <th scope="row">{named(each.day)}</th>
                  <td>{count(each.credits)}</td>
                  <td>{count(each.requests)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

const named = (day: string): string => new Date(`${day}T12:00`).toLocaleDateString(undefined, { day: "numeric", month: "short" });
