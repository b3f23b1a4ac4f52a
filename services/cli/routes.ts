import { LetheError } from '../core/errors.ts';
import { taggedFields } from '../core/policy/avro-fields.ts';
import type { CompiledBundle, CompiledRoute, RoutePlan } from '../core/policy/plan.ts';

/** The route of `--route`, which may be left out where there is only one. */
export function chooseRoute({ routes }: CompiledBundle, name: string | undefined): CompiledRoute {
  const names = routes.map((route) => route.name).join(', ');
  const [first] = routes;
  if (name === undefined && routes.length === 1 && first !== undefined) return first;
  const route = routes.find((one) => one.name === name);
  if (route !== undefined) return route;
  throw new LetheError('usage', name === undefined ? 'several routes: which one?' : `there is no route ${name}`, {
    fix: `Give --route with one of: ${names}.`,
  });
}

/** The plan for JSON values of a route, with the fields that its schema file's tags declare, where it names one. */
export function planOfRoute(route: CompiledRoute): RoutePlan {
  if (route.tags === null || route.schemaText === null) return route.plan;
  return route.planWith(taggedFields(JSON.parse(route.schemaText), route.tags));
}
