/** The processes of Lethe that are given rights of their own (issue 6). */
export const ROLES = ['gateway', 'control', 'push'] as const;

/** `gateway`: `lethe run`; `control`: `lethe control`; `push`: `lethe push`. */
export type Role = (typeof ROLES)[number];
