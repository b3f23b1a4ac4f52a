import avro from 'avsc';

/**
 * Whether avsc takes a text as an Avro schema: names, unions, defaults and all. `wrapUnions` is fixed, for avsc refuses
 * some valid unions where it has to guess (mtth/avsc#369, #334). Its messages are not passed on.
 */
export function isValidSchema(text: string): boolean {
  try {
    avro.Type.forSchema(JSON.parse(text), { wrapUnions: true, logicalTypes: {} });
    return true;
  } catch {
    return false;
  }
}
