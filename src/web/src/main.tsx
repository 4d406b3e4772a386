import { render } from "preact";
import { access, startEvents, unlock } from "./ui/client.ts";
import { withPart } from "./ui/lazy";
import { watchAddress } from "./ui/router.ts";
import { Shell } from "./ui/shell";
import "./ui/theme.css";

watchAddress();
withPart(() => import("./ui/update.ts"), (part) => part.watchParts());
withPart(() => import("./ui/drop.ts"), (part) => part.watch());
const root = document.getElementById("app")!;
root.replaceChildren(); // Preact keeps children that it didn't create.
render(<Shell />, root);
await unlock();
if (access.value === "open") startEvents();
else access.subscribe((now) => now === "open" && startEvents());
