import { describe, expect, it } from 'vitest';
import { schemasOfDefinition, strictSchema } from '../../../deploy/validate/strict-schema.ts';

describe('strictSchema', () => {
  it('closes every object whose fields are declared, however deep', () => {
    const open = {
      type: 'object',
      properties: { triggers: { type: 'array', items: { type: 'object', properties: { type: { type: 'string' } } } } },
    };
    expect(strictSchema(open)).toEqual({
      type: 'object',
      additionalProperties: false,
      properties: {
        triggers: {
          type: 'array',
          items: { type: 'object', additionalProperties: false, properties: { type: { type: 'string' } } },
        },
      },
    });
  });

  it.each([
    ['a map', { type: 'object', additionalProperties: { type: 'string' } }],
    ['an object that keeps what it does not know', { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }],
    ['an object without declared fields', { type: 'object' }],
    [
      'parts of an object, of which the others are elsewhere',
      { anyOf: [{ properties: { a: {} } }, { required: ['b'] }] },
    ],
  ])('leaves open %s', (_, schema) => {
    expect(strictSchema(schema)).toEqual(schema);
  });

  it('takes a field for a field, whatever its name', () => {
    expect(strictSchema({ properties: { properties: { type: 'string' } } })).toEqual({
      additionalProperties: false,
      properties: { properties: { type: 'string' } },
    });
  });

  it('lets a number or a text stand where Kubernetes takes both, and null where it is allowed', () => {
    expect(strictSchema({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }] })).toEqual({
      type: ['string', 'integer'],
    });
    expect(strictSchema({ type: 'string', nullable: true })).toMatchObject({ type: ['string', 'null'] });
  });
});

describe('schemasOfDefinition', () => {
  it('names each version as kubeconform asks for it, and gives it a schema of metadata', () => {
    const schema = { openAPIV3Schema: { type: 'object', properties: { metadata: { type: 'object' }, spec: {} } } };
    const spec = { group: 'keda.sh', names: { kind: 'ScaledObject' }, versions: [{ name: 'v1alpha1', schema }] };
    const schemas = schemasOfDefinition({ spec }, { $ref: 'meta.json' });
    expect([...schemas]).toEqual([
      [
        'keda.sh/scaledobject_v1alpha1.json',
        { type: 'object', additionalProperties: false, properties: { metadata: { $ref: 'meta.json' }, spec: {} } },
      ],
    ]);
  });
});
