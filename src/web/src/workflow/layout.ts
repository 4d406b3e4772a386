/** The drawing that is computed from a plan: layers by longest path, order by barycenter. Pure functions. */
import type { Operation } from "../ui/client.ts";
import { isMany, ITEM, type Operations, type Plan, type PlanInput, reference, type Step, takes, type Wire, wireOf } from "./plan.ts";

export interface Port {
  argument: string;
  kind: Wire;
}
export interface Node {
  id: string;
  step?: Step;
  input?: PlanInput;
  operation?: Operation;
  kind: Wire;
  ports: Port[];
  layer: number;
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Edge {
  from: string;
  to: string;
  argument: string;
  kind: Wire;
  many: boolean;
  /** The slots of the layers that it skips. */
  via: Node[];
}
/** Down: layers are rows, arguments are on the upper edge. Right: layers are columns, arguments are on the left edge. */
export type Direction = "down" | "right";
export interface Drawing {
  nodes: Node[];
  edges: Edge[];
  byId: ReadonlyMap<string, Node>;
  /** Depth of each layer, by its number. */
  depths: ReadonlyMap<number, number>;
  direction: Direction;
  left: number;
  top: number;
  width: number;
  height: number;
}

export const NODE_WIDTH = 216;
const HEAD = 46;
const PORT = 24;
const FOOT = 27;
const STRIP = 76;
const LANE = 20;
const BEND = 26;
const SWEEPS = 4;
const GAP = { right: { layer: 64, across: 24 }, down: { layer: 36, across: 28 } };

/** Lay out a plan.
 *
 * `pictured` are the steps that show thumbnails, which need room.
 */
export function draw(plan: Plan, operations: Operations, direction: Direction, pictured: ReadonlySet<string> = new Set()): Drawing {
  const byId = new Map<string, Node>();
  const edges: Edge[] = [];
  const wires = new Map<string, Wire>();
  const wire = (name: string) => wires.get(name) ?? wires.set(name, wireOf(plan, name, operations)).get(name)!;
  for (const [id, input] of Object.entries(plan.inputs ?? {}))
    byId.set(id, { id, input, kind: wire(id), ports: [], layer: 0, x: 0, y: 0, width: 168, height: 52 });
  const taken = new Map(plan.steps.map((step) => [step.id, takes(step)]));
  const names = new Set([...byId.keys(), ...taken.keys()]);
  for (const step of plan.steps) {
    const operation = operations.get(step.tool);
    const connected = new Map(taken.get(step.id)!.map(([argument, from]) => [argument, from.filter((name) => names.has(name))]));
    const required = new Set(operation?.schema.required ?? []);
    const files = Object.keys(operation?.files ?? {}).filter((name) => {
      const value = step.arguments?.[name];
      return reference(value) !== ITEM && (required.has(name) || value !== undefined); // The element comes with `for each`.
    });
    const ports = [...new Set([...connected.keys(), ...files])].map((argument): Port => {
      const first = connected.get(argument)?.[0];
      return { argument, kind: operation?.files[argument] ?? (first === undefined ? "text" : wire(first)) };
    });
    const strip = pictured.has(step.id) ? STRIP : 0;
    const body = direction === "right" ? ports.length * PORT : ports.length ? LANE : 0;
    byId.set(step.id, { id: step.id, step, operation, kind: wire(step.id), ports, layer: 0, x: 0, y: 0, width: NODE_WIDTH, height: HEAD + body + strip + FOOT });
    for (const [argument, from] of connected)
      for (const name of from) edges.push({ from: name, to: step.id, argument, kind: wire(name), many: isMany(plan, name), via: [] });
  }
  const depths = place(byId, edges, direction);
  const nodes = [...byId.values()];
  if (!nodes.length) return { nodes, edges, byId, depths, direction, left: 0, top: 0, width: 0, height: 0 };
  const left = Math.min(...nodes.map((node) => node.x));
  const top = Math.min(...nodes.map((node) => node.y));
  const width = Math.max(...nodes.map((node) => node.x + node.width)) - left;
  const height = Math.max(...nodes.map((node) => node.y + node.height)) - top;
  return { nodes, edges, byId, depths, direction, left, top, width, height };
}

const AXES = {
  right: { at: "y", size: "height", layer: "x", deep: "width" },
  down: { at: "x", size: "width", layer: "y", deep: "height" },
} as const;

/** Assign layers by longest path, order them by barycenter, then align each node with its sources; returns the depth of each layer. */
function place(nodes: Map<string, Node>, edges: Edge[], direction: Direction): Map<number, number> {
  const axis = AXES[direction];
  const gap = GAP[direction];
  const before = new Map<Node, Node[]>();
  const after = new Map<Node, Node[]>();
  for (const edge of edges) {
    push(before, nodes.get(edge.to)!, nodes.get(edge.from)!);
    push(after, nodes.get(edge.from)!, nodes.get(edge.to)!);
  }
  assignLayers(nodes, before, after);
  const layers: Node[][] = [];
  for (const node of nodes.values()) (layers[node.layer - 1] ??= []).push(node);
  before.clear();
  after.clear();
  for (const edge of edges) {
    // An edge that skips layers gets a slot in each, so it runs next to the steps, not behind them.
    const [from, to] = [nodes.get(edge.from)!, nodes.get(edge.to)!];
    for (let layer = from.layer + 1; layer < to.layer; layer++) {
      const bend: Node = { id: "", kind: edge.kind, ports: [], layer, x: 0, y: 0, width: BEND, height: BEND };
      edge.via.push(bend);
      (layers[layer - 1] ??= []).push(bend);
    }
    const way = [from, ...edge.via, to];
    for (let i = 1; i < way.length; i++) {
      push(before, way[i]!, way[i - 1]!);
      push(after, way[i - 1]!, way[i]!);
    }
  }
  const filled = layers.filter((layer) => layer?.length);
  const middle = (near: Node[] | undefined) =>
    near?.length ? near.reduce((sum, each) => sum + each[axis.at] + each[axis.size] / 2, 0) / near.length : undefined;
  const stack = (layer: Node[]) => {
    let at = 0;
    for (const node of layer) {
      node[axis.at] = at;
      at += node[axis.size] + gap.across;
    }
    for (const node of layer) node[axis.at] -= (at - gap.across) / 2;
  };
  filled.forEach(stack);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forth = sweep % 2 === 0;
    for (const layer of forth ? filled : filled.toReversed()) {
      const want = new Map(layer.map((node) => [node, middle((forth ? before : after).get(node)) ?? node[axis.at] + node[axis.size] / 2]));
      layer.sort((a, b) => want.get(a)! - want.get(b)!);
      stack(layer);
    }
  }
  const depths = new Map<number, number>();
  let deep = 0;
  for (const layer of filled) {
    const depth = Math.max(...layer.map((node) => node[axis.deep]));
    depths.set(layer[0]!.layer, depth);
    for (const node of layer) node[axis.layer] = deep;
    deep += depth + gap.layer;
    const wanted = layer.map((node) => (middle(before.get(node)) ?? node[axis.at] + node[axis.size] / 2) - node[axis.size] / 2);
    let floor = -Infinity;
    let moved = 0;
    layer.forEach((node, i) => {
      node[axis.at] = Math.max(floor, wanted[i]!);
      floor = node[axis.at] + node[axis.size] + gap.across;
      moved += wanted[i]! - node[axis.at];
    });
    for (const node of layer) node[axis.at] += moved / layer.length; // Spread overlap to both sides.
  }
  return depths;
}

function assignLayers(nodes: Map<string, Node>, before: Map<Node, Node[]>, after: Map<Node, Node[]>): void {
  const open = new Set<Node>();
  const layerOf = (node: Node): number => {
    if (node.layer || open.has(node)) return node.layer; // The server reports cycles; this only has to end.
    open.add(node);
    node.layer = 1 + Math.max(0, ...(before.get(node) ?? []).map(layerOf));
    return node.layer;
  };
  for (const node of nodes.values()) layerOf(node);
  for (const node of nodes.values()) if (node.input) node.layer = Math.max(1, Math.min(...(after.get(node) ?? [node]).map((each) => each.layer)) - 1);
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  (map.get(key) ?? map.set(key, []).get(key)!).push(value);
}

/** Return the SVG path of an edge: from its source, past the steps it skips, to the argument. */
export function curve(edge: Edge, { byId, depths, direction }: Drawing): string {
  const [a, b] = [byId.get(edge.from)!, byId.get(edge.to)!];
  const isRight = direction === "right";
  const stops: [number, number][] = [startOf(a, direction)];
  for (const bend of edge.via) {
    const deep = depths.get(bend.layer) ?? BEND;
    const half = BEND / 2;
    if (isRight) stops.push([bend.x, bend.y + half], [bend.x + deep, bend.y + half]);
    else stops.push([bend.x + half, bend.y], [bend.x + half, bend.y + deep]);
  }
  const row = Math.max(0, b.ports.findIndex((port) => port.argument === edge.argument));
  stops.push(isRight ? [b.x, b.y + HEAD + row * PORT + PORT / 2] : [b.x + (b.width * (row + 1)) / (b.ports.length + 1), b.y]);
  return stops
    .slice(1)
    .map((to, i) => bezier(stops[i]!, to, direction))
    .join("");
}

export function startOf(node: Node, direction: Direction): [number, number] {
  if (direction === "down") return [node.x + node.width / 2, node.y + node.height];
  return [node.x + node.width, node.y + (node.input ? node.height : HEAD) / 2];
}

export function bezier([x1, y1]: [number, number], [x2, y2]: [number, number], direction: Direction): string {
  const bend = Math.max(24, (direction === "right" ? Math.abs(x2 - x1) : Math.abs(y2 - y1)) * 0.45);
  return direction === "right"
    ? `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
    : `M${x1} ${y1}C${x1} ${y1 + bend} ${x2} ${y2 - bend} ${x2} ${y2}`;
}

export const scaleIn = ({ width, height }: Drawing, room: { width: number; height: number }): number =>
  Math.min(1, (room.width - 56) / Math.max(1, width), (room.height - 92) / Math.max(1, height));

/** Return the drawing in the direction that allows the larger scale in a room. */
export function bestDrawing(plan: Plan, operations: Operations, room: { width: number; height: number }, pictured?: ReadonlySet<string>): Drawing {
  const [right, down] = [draw(plan, operations, "right", pictured), draw(plan, operations, "down", pictured)];
  return scaleIn(down, room) > scaleIn(right, room) * 1.1 ? down : right;
}

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";
const TURNED: Record<Arrow, Arrow> = { ArrowDown: "ArrowRight", ArrowUp: "ArrowLeft", ArrowRight: "ArrowDown", ArrowLeft: "ArrowUp" };

/** Return where an arrow key leads: along an edge, or to the next node of the layer. */
export function neighbour({ nodes, edges, direction }: Drawing, id: string, arrow: Arrow): string | undefined {
  const key = direction === "right" ? arrow : TURNED[arrow];
  if (key === "ArrowRight") return edges.find((edge) => edge.from === id)?.to;
  if (key === "ArrowLeft") return edges.find((edge) => edge.to === id)?.from;
  const at = direction === "right" ? "y" : "x";
  const layer = nodes.find((node) => node.id === id)?.layer;
  const row = nodes.filter((node) => node.layer === layer).sort((a, b) => a[at] - b[at]);
  return row[row.findIndex((node) => node.id === id) + (key === "ArrowDown" ? 1 : -1)]?.id;
}
