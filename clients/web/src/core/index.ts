// The engine-free core: connection, compact frames, frames of reference, smoothing.

export * from "./audio.ts";
export * from "./changed.ts";
export * from "./compact.ts";
export * from "./meshes.ts";
export * from "./connection.ts";
export * from "./frames.ts";
export * from "./history.ts";
export * from "./messages.ts";
