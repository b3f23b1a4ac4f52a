/** The package has no types of its own; ioredis uses it too. */
declare module 'cluster-key-slot' {
  /** The cluster slot (0 to 16383) of a key, by its hash tag where it has one. */
  export default function calculateSlot(key: string): number;
}
