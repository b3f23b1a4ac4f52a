/** What a row of the table is. */
import type { Scene, Settings } from './scene.ts';
import type { Make } from './traffic.ts';

export type Fault = {
  /** What `--fault` takes; the words of issue 6, in letters, digits and hyphens. */
  readonly name: string;
  /** What happens, for the table. */
  readonly what: string;
  /** What Lethe is to do meanwhile, beside keeping the invariants; asserted by `happen` where it can be seen. */
  readonly expected: string;
  /** Workers at the start; 2 unless told. */
  readonly workers?: number;
  readonly settings?: Settings;
  /** Records a second; 60 unless told. */
  readonly rate?: number;
  readonly format?: 'json' | 'avro';
  /** YAML of the policy after `from`. */
  readonly body?: (name: string) => string;
  /** Before the scene is set; may say how records are made in it. */
  readonly prepare?: (scene: Pick<Scene, 'world' | 'random' | 'name' | 'topic'>) => Promise<Make | undefined>;
  /** The fault from its beginning to its end, while records flow. All is healed when it resolves. */
  readonly happen: (scene: Scene) => Promise<void>;
  /** Whether a withdrawal is said during the fault; not where nobody could acknowledge it. Default true. */
  readonly withdrawsMeanwhile?: boolean;
  /** The world cannot be used for another fault afterwards. */
  readonly spoils?: boolean;
};
